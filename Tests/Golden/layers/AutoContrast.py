from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.AutoContrast(value_range=(-1, 1)), [(2, 3, 4, 2)]),
    Case(lambda: L.AutoContrast(value_range=(0, 4)), [(2, 3, 4, 1)]),
]
