from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Rescaling(1 / 255, offset=-1.0), [(2, 3, 4, 2)]),
    Case(lambda: L.Rescaling([0.5, 2.0], offset=[1.0, -1.0]), [(2, 3, 2)]),
]
