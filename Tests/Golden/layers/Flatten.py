from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Flatten(), [(2, 3, 4)]),
    Case(lambda: L.Flatten(), [(2, 3)]),
    Case(lambda: L.Flatten(), [(2, 3, 4)], masks=[[[1, 1, 0], [1, 0, 0]]], is_saved=False),
    Case(lambda: L.Flatten(data_format="channels_first"), [(2, 3, 4, 2)]),
]
