from keras import layers as L
from layers import Case

CASES = [Case(lambda axis=axis: L.UnitNormalization(axis=axis), [(3, 4, 5)]) for axis in [-1, 1, [1, 2]]] + [
    Case(lambda: L.UnitNormalization(), [(2, 3, 4)], masks=[[[1, 1, 0], [1, 0, 0]]], is_saved=False),
]
