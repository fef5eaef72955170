from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.GlobalMaxPooling1D(), [(2, 6, 3)]),
    Case(lambda: L.GlobalMaxPooling1D(keepdims=True), [(2, 6, 3)]),
    Case(lambda: L.GlobalMaxPooling1D(data_format="channels_first", keepdims=True), [(2, 3, 4)]),
]
