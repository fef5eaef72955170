from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.RandomFlip(), [(2, 4, 5, 3)]),
    Case(lambda: L.RandomFlip("horizontal", seed=3), [(2, 4, 5, 3)]),
    Case(lambda: L.RandomFlip(data_format="channels_first"), [(2, 3, 4, 5)]),
]
