from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.RandomInvert(), [(2, 4, 5, 3)]),
    Case(lambda: L.RandomInvert(0.2, value_range=(0, 1)), [(2, 4, 5, 3)]),
]
