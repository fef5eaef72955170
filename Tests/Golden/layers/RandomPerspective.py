from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.RandomPerspective(), [(2, 4, 5, 3)]),
    Case(lambda: L.RandomPerspective((0.2, 0.8), scale=0.3, interpolation="nearest", fill_value=1.0, seed=3), [(2, 4, 5, 2)]),
]
