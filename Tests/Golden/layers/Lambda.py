import keras
from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Lambda(keras.activations.gelu), [(2, 3)]),
    Case(lambda: L.Lambda(keras.activations.glu), [(2, 4)]),
    Case(lambda: L.Lambda(keras.activations.gelu), [(2, 3, 4)], masks=[[[1, 1, 0], [1, 0, 0]]], is_saved=False),
]
