from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.MaxPooling3D(2), [(2, 4, 5, 6, 2)]),
    Case(lambda: L.MaxPooling3D((2, 3, 1), strides=(1, 2, 2), padding="same"), [(2, 3, 4, 5, 2)]),
    Case(lambda: L.MaxPooling3D(3, strides=1), [(1, 4, 3, 5, 2)]),
    Case(lambda: L.MaxPooling3D(2, data_format="channels_first"), [(2, 2, 4, 5, 6)]),
]
