from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Cropping2D(), [(2, 3, 2, 2)]),
    Case(lambda: L.Cropping2D((1, 2)), [(2, 4, 5, 2)]),
    Case(lambda: L.Cropping2D(((0, 1), (2, 1))), [(2, 3, 5, 2)]),
    Case(lambda: L.Cropping2D(((0, 1), (2, 0)), data_format="channels_first"), [(2, 2, 3, 4)]),
]
