from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Concatenate(), [(2, 3, 4), (2, 3, 1), (2, 3, 2)]),
    Case(lambda: L.Concatenate(1), [(2, 3, 4), (2, 1, 4)]),
    Case(
        lambda: L.Concatenate(1), [(2, 3, 4), (2, 1, 4)], masks=[[[1, 1, 0], [1, 0, 0]], [[1], [0]]], is_saved=False
    ),
]
