from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.AugMix(), [(2, 4, 5, 3)]),
    Case(
        lambda: L.AugMix(
            value_range=(0, 1), num_chains=2, chain_depth=4, factor=(0.1, 0.5), alpha=0.7, all_ops=False,
            interpolation="nearest", seed=3),
        [(2, 4, 5, 1)]),
]
