from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.MixUp(), [(2, 4, 5, 3)]),
    Case(lambda: L.MixUp(alpha=0.4), [(2, 4, 5, 3)]),
]
