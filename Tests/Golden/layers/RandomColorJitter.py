from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.RandomColorJitter(brightness_factor=0.2, hue_factor=(0.1, 0.2)), [(2, 4, 5, 3)]),
    Case(lambda: L.RandomColorJitter(), [(2, 4, 5, 3)]),
]
