from keras import layers as L
from layers import Case

# What is drawn is each library's own: in training, tests look at distributions.
CASES = [
    Case(lambda: L.GaussianNoise(0.25), [(2, 3, 4)]),
    Case(lambda: L.GaussianNoise(0.5, seed=7), [(2, 3, 4)]),
    Case(lambda: L.GaussianNoise(0.0), [(2, 3, 4)], training=True),
    Case(lambda: L.GaussianNoise(0.25), [(2, 3, 4)], masks=[[[1, 1, 0], [1, 0, 0]]], is_saved=False),
]
