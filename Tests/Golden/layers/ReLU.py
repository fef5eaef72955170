from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.ReLU(), [(5, 7)]),
    Case(lambda: L.ReLU(max_value=0.5), [(5, 7)]),
    Case(lambda: L.ReLU(negative_slope=0.25), [(5, 7)]),
    Case(lambda: L.ReLU(threshold=0.25), [(5, 7)]),
    Case(lambda: L.ReLU(max_value=0.75, negative_slope=0.5, threshold=0.25), [(5, 7)]),
    Case(lambda: L.ReLU(), [(2, 3, 4)], masks=[[[1, 1, 0], [1, 0, 0]]], is_saved=False),
]
