from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.GlobalMaxPooling2D(), [(2, 4, 3, 5)]),
    Case(lambda: L.GlobalMaxPooling2D(keepdims=True), [(2, 4, 3, 5)]),
    Case(lambda: L.GlobalMaxPooling2D(data_format="channels_first"), [(2, 3, 4, 5)]),
]
