from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
# Of one number Keras writes -0.2 and 0.2, which it does not read.
CASES = [
    Case(lambda: L.RandomShear(0.2, 0.1), [(2, 4, 5, 3)], is_saved=False),
    Case(lambda: L.RandomShear((0.1, 0.3)), [(2, 4, 5, 3)]),
]
