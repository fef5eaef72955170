from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.RandomColorDegeneration(0.2), [(2, 4, 5, 3)]),
]
