from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.ActivityRegularization(l1=0.25, l2=0.5), [(3, 4)]),
    Case(lambda: L.ActivityRegularization(l2=0.5), [(2, 3, 4)], masks=[[[1, 1, 0], [1, 0, 0]]], is_saved=False),
]
