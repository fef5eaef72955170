from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Dot(1), [(3, 4), (3, 4)]),
    Case(lambda: L.Dot(-1, normalize=True), [(3, 4), (3, 4)]),
    Case(lambda: L.Dot((2, 2)), [(2, 3, 4), (2, 5, 4)]),
    Case(lambda: L.Dot((1, 2), normalize=True), [(2, 4, 3), (2, 5, 4)]),
    Case(lambda: L.Dot((1, 1)), [(2, 4), (2, 4, 3)]),
    Case(lambda: L.Dot((3, 1)), [(2, 3, 2, 4), (2, 4, 5)]),
    Case(
        lambda: L.Dot((2, 2)), [(2, 3, 4)] * 2, masks=[[[1, 1, 0], [1, 0, 0]], [[0, 1, 1], [1, 0, 0]]], is_saved=False
    ),
]
