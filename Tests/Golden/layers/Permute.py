from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Permute((2, 1)), [(2, 3, 4)]),
    Case(lambda: L.Permute((3, 1, 2)), [(2, 3, 4, 5)]),
    Case(lambda: L.Permute((2, 1)), [(2, 3, 4)], masks=[[[1, 1, 0], [1, 0, 0]]], is_saved=False),
]
