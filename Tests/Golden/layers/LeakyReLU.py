from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.LeakyReLU(), [(5, 7)]),
    Case(lambda: L.LeakyReLU(0.125), [(5, 7)]),
    Case(lambda: L.LeakyReLU(), [(2, 3, 4)], masks=[[[1, 1, 0], [1, 0, 0]]], is_saved=False),
]
