from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.GroupNormalization(2), [(3, 4, 6)]),
    Case(lambda: L.GroupNormalization(3, epsilon=0.25), [(2, 2, 3, 6)]),
    Case(lambda: L.GroupNormalization(1), [(4, 5)]),
    Case(lambda: L.GroupNormalization(-1), [(2, 5, 3)]),
    Case(lambda: L.GroupNormalization(2, axis=1), [(2, 4, 3)]),
    Case(lambda: L.GroupNormalization(2, axis=2, center=False), [(2, 3, 4, 2)]),
    Case(lambda: L.GroupNormalization(2, scale=False), [(2, 3, 4)]),
]
