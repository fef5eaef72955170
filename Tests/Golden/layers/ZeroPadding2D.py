from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.ZeroPadding2D(), [(2, 3, 2, 2)]),
    Case(lambda: L.ZeroPadding2D((2, 1)), [(2, 3, 2, 2)]),
    Case(lambda: L.ZeroPadding2D(((0, 1), (2, 3))), [(2, 3, 2, 2)]),
    Case(lambda: L.ZeroPadding2D(((0, 1), (2, 3)), data_format="channels_first"), [(2, 2, 3, 2)]),
]
