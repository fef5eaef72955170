from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.RandomPosterization(4), [(2, 4, 5, 3)]),
    Case(lambda: L.RandomPosterization((2, 6)), [(2, 4, 5, 3)]),
]
