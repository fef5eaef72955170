import numpy as np
from keras import layers as L
from layers import Case

STEPS = np.array([[[1.0, 0.0], [0.0, 0.0], [0.5, 2.0]], [[0.0, 0.0], [-1.0, -1.0], [-1.0, 0.5]]])

CASES = [
    Case(lambda: L.Masking(), [STEPS]),
    Case(lambda: L.Masking(-1), [STEPS]),
    Case(lambda: L.Masking(), [STEPS], masks=[[[1, 1, 0], [1, 0, 0]]], is_saved=False),
]
