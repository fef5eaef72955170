from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.PReLU(), [(4, 7)]),
    Case(lambda: L.PReLU(shared_axes=[1, 2]), [(2, 3, 4, 5)]),
    Case(lambda: L.PReLU(shared_axes=1, alpha_regularizer="l2"), [(2, 3, 4)], masks=[[[1, 1, 0], [1, 0, 0]]], is_saved=False),
]
