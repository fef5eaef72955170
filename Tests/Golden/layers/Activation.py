import numpy as np
from keras import layers as L
from keras.src.activations import ALL_OBJECTS
from layers import Case

X = np.random.default_rng(3).uniform(-4, 4, (3, 8)).astype("float32").astype("float64")
# `threshold` needs arguments; the sum of what `sparsemax` gives in Keras 3.15 is not 1 (it subtracts another threshold
# than the paper it cites).
NAMES = sorted(f.__name__ for f in ALL_OBJECTS if f.__name__ not in ["threshold", "sparsemax"])

CASES = [
    # A model of Keras states another shape than `glu` gives.
    Case(lambda name=name: L.Activation(name), [X], is_saved=name != "glu", name=name)
    for name in NAMES
] + [Case(lambda: L.Activation("relu"), [(2, 3, 4)], masks=[[[1, 1, 0], [1, 0, 0]]], is_saved=False)]
