from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.RandomCrop(4, 5), [(2, 4, 5, 3)]),
    Case(lambda: L.RandomCrop(4, 5, data_format="channels_first"), [(2, 3, 4, 5)]),
]
