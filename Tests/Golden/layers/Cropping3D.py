from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Cropping3D(), [(2, 3, 4, 3, 2)]),
    Case(lambda: L.Cropping3D(((0, 1), (2, 0), (1, 2))), [(1, 3, 4, 5, 2)]),
    Case(lambda: L.Cropping3D(((0, 1), (2, 0), (1, 2)), data_format="channels_first"), [(1, 2, 3, 4, 5)]),
]
