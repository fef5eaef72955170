from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.SimpleRNNCell(3), [(2, 4)] + [(2, 3)] * 1, keyword="states"),
    Case(lambda: L.SimpleRNNCell(3, activation="relu", use_bias=False), [(2, 4)] + [(2, 3)] * 1, keyword="states"),
]
