from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Subtract(), [(2, 3, 4)] * 2),
    Case(lambda: L.Subtract(), [(2, 4), (2, 3, 4)]),
    Case(lambda: L.Subtract(), [(2, 3, 4)] * 2, masks=[[[1, 1, 0], [1, 0, 0]], [[0, 1, 1], [1, 0, 0]]], is_saved=False),
]
