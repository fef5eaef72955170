from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.RandomElasticTransform(), [(2, 4, 5, 3)]),
    Case(
        lambda: L.RandomElasticTransform(
            0.5, scale=(0.1, 0.4), interpolation="nearest", fill_mode="wrap", fill_value=1.0, value_range=(0, 1), seed=3),
        [(2, 4, 5, 2)]),
]
