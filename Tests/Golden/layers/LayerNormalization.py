from keras import layers as L
from layers import Case

CASES = [
    Case(lambda axis=axis: L.LayerNormalization(axis=axis), [(3, 4, 5)]) for axis in [-1, 1, 2, [1, 2], [2, 1], [-1, -2]]
] + [
    Case(lambda: L.LayerNormalization(epsilon=0.5), [(4, 19)]),
    Case(lambda: L.LayerNormalization(center=False), [(4, 3)]),
    Case(lambda: L.LayerNormalization(scale=False), [(4, 3)]),
    Case(lambda: L.LayerNormalization(axis=[1, 3]), [(2, 3, 2, 4)]),
    Case(lambda: L.LayerNormalization(axis=1, rms_scaling=True), [(2, 3, 4)]),
    Case(lambda: L.LayerNormalization(), [(2, 3, 4)], masks=[[[1, 1, 0], [1, 0, 0]]], is_saved=False),
]
