from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.RandomErasing(), [(2, 4, 5, 3)]),
    Case(lambda: L.RandomErasing(0.5, scale=(0.1, 0.2), fill_value=[1.0, 2.0, 3.0]), [(2, 4, 5, 3)]),
    Case(lambda: L.RandomErasing(fill_value=0.5, value_range=(0, 1)), [(2, 4, 5, 3)]),
]
