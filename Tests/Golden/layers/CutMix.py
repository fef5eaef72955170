from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.CutMix(), [(2, 4, 5, 3)]),
    Case(lambda: L.CutMix(0.5), [(2, 4, 5, 3)]),
]
