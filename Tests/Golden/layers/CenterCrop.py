from keras import layers as L
from layers import Case

CASES = [Case(lambda size=size: L.CenterCrop(*size), [(2, 5, 8, 2)]) for size in [(2, 3), (5, 8), (6, 4), (9, 10)]] + [
    Case(lambda: L.CenterCrop(2, 3, data_format="channels_first"), [(2, 3, 5, 8)]),
]
