from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.RandomRotation(0.2), [(2, 4, 5, 3)]),
    Case(lambda: L.RandomRotation((-0.1, 0.3), fill_mode="constant", fill_value=1.0, interpolation="nearest"), [(2, 4, 5, 3)]),
]
