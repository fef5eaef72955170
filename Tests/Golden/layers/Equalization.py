from keras import layers as L
from layers import Case

# What it does in training: see image_transforms.py. Real Keras cannot save a model of it, whose output is its input.
CASES = [
    Case(lambda: L.Equalization(), [(2, 4, 5, 3)], is_saved=False),
    Case(lambda: L.Equalization(bins=64, value_range=(0, 1)), [(2, 4, 5, 3)], is_saved=False),
]
