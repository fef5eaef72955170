from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.ZeroPadding3D(), [(2, 3, 2, 2, 1)]),
    Case(lambda: L.ZeroPadding3D(((0, 1), (2, 0), (1, 2))), [(1, 2, 2, 3, 2)]),
    Case(lambda: L.ZeroPadding3D((1, 0, 2), data_format="channels_first"), [(1, 2, 3, 2, 2)]),
]
