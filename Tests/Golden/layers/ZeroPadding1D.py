from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.ZeroPadding1D(), [(2, 3, 2)]),
    Case(lambda: L.ZeroPadding1D((0, 3)), [(2, 3, 2)]),
    Case(lambda: L.ZeroPadding1D((1, 2), data_format="channels_first"), [(2, 3, 2)]),
]
