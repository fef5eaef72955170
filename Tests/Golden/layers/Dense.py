from keras import layers as L
from layers import Case

CASES = [
    Case(lambda activation=activation: L.Dense(3, activation=activation), [shape])
    for activation in ["linear", "relu", "softmax", "gelu"]
    for shape in [(4, 5), (2, 3, 5)]
] + [
    Case(lambda: L.Dense(3, use_bias=False), [(4, 5)]),
    Case(lambda: L.Dense(3, activity_regularizer="l2", kernel_regularizer="l1", activation="relu"), [(4, 5)]),
    Case(lambda: L.Dense(2), [(2, 3, 4)], masks=[[[1, 1, 0], [1, 0, 0]]], is_saved=False),
]
