from keras import layers as L
from layers import Case

CASES = [Case(lambda: L.UpSampling3D(), [(1, 2, 2, 3, 2)]), Case(lambda: L.UpSampling3D((1, 3, 2)), [(1, 2, 2, 2, 2)])] + [
    Case(lambda: L.UpSampling3D((2, 1, 3), data_format="channels_first"), [(1, 2, 3, 2, 2)]),
]
