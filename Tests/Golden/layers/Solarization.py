from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.Solarization(), [(2, 4, 5, 3)]),
    Case(lambda: L.Solarization(addition_factor=0.2, threshold_factor=(0.1, 0.3)), [(2, 4, 5, 3)]),
]
