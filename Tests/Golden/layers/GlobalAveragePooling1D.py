from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.GlobalAveragePooling1D(), [(2, 6, 3)]),
    Case(lambda: L.GlobalAveragePooling1D(keepdims=True), [(2, 6, 3)]),
    Case(lambda: L.GlobalAveragePooling1D(), [(3, 4, 2)], masks=[[[1, 1, 0, 0], [1, 0, 1, 1], [1, 1, 1, 1]]], is_saved=False),
    Case(
        lambda: L.GlobalAveragePooling1D(keepdims=True), [(2, 3, 2)], masks=[[[0, 0, 1], [1, 1, 0]]], is_saved=False),
    Case(lambda: L.GlobalAveragePooling1D(data_format="channels_first", keepdims=True), [(2, 3, 4)]),
]
