from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.GlobalMaxPooling3D(), [(2, 2, 3, 4, 3)]),
    Case(lambda: L.GlobalMaxPooling3D(keepdims=True), [(2, 2, 3, 4, 3)]),
    Case(lambda: L.GlobalMaxPooling3D(data_format="channels_first", keepdims=True), [(2, 2, 3, 4, 2)]),
]
