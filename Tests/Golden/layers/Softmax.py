import numpy as np
from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Softmax(), [(4, 5)]),
    Case(lambda: L.Softmax(axis=1), [(2, 3, 4)]),
    # Keras on NumPy cannot take several axes.
    Case(lambda: L.Softmax(axis=[1, 2]), [(2, 3, 4)], is_saved=False),
    Case(lambda: L.Softmax(), [(2, 3)], masks=[[[1, 1, 0], [0, 0, 0]]], is_saved=False),
    Case(lambda: L.Softmax(axis=[1, 2]), [(2, 3, 4)], masks=[np.arange(24).reshape(2, 3, 4) % 5 > 1], is_saved=False),
]
