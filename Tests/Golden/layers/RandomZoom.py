from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.RandomZoom(0.2), [(2, 4, 5, 3)]),
    Case(lambda: L.RandomZoom((-0.3, -0.1), width_factor=0.1, fill_mode="nearest"), [(2, 4, 5, 3)]),
]
