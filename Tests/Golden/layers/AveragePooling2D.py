from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.AveragePooling2D(2), [(2, 7, 9, 3)]),
    Case(lambda: L.AveragePooling2D(3, strides=2), [(2, 7, 9, 3)]),
    Case(lambda: L.AveragePooling2D((2, 3), strides=(1, 2), padding="same"), [(2, 7, 9, 3)]),
    Case(lambda: L.AveragePooling2D(2, padding="same"), [(2, 7, 9, 3)]),
    Case(lambda: L.AveragePooling2D(2, data_format="channels_first"), [(2, 3, 4, 5)]),
]
