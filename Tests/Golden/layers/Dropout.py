from keras import layers as L
from layers import Case

# What is drawn is each library's own: in training, tests look at distributions.
CASES = [
    Case(lambda: L.Dropout(0.25), [(2, 3, 4)]),
    Case(lambda: L.Dropout(0.5, noise_shape=(None, 1, 4), seed=7), [(2, 3, 4)]),
    Case(lambda: L.Dropout(0.0), [(2, 3, 4)], training=True),
    Case(lambda: L.Dropout(0.25), [(2, 3, 4)], masks=[[[1, 1, 0], [1, 0, 0]]], is_saved=False),
]
