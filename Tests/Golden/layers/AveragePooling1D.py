from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.AveragePooling1D(2), [(2, 7, 3)]),
    Case(lambda: L.AveragePooling1D(3, strides=2, padding="same"), [(2, 8, 3)]),
    Case(lambda: L.AveragePooling1D(4, strides=1), [(2, 6, 2)]),
    Case(lambda: L.AveragePooling1D(3, strides=2, padding="same", data_format="channels_first"), [(2, 3, 8)]),
]
