from keras import layers as L
from layers import Case

# What it does in training is random: see image_transforms.py.
CASES = [
    Case(lambda: L.RandomGaussianBlur(), [(2, 4, 5, 3)]),
    Case(lambda: L.RandomGaussianBlur((0.2, 0.8), kernel_size=(5, 3), sigma=(0.1, 0.5), value_range=(0, 1), seed=3), [(2, 4, 5, 1)]),
]
