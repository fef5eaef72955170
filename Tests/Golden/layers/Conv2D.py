from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Conv2D(4, 3), [(2, 6, 7, 3)]),
    Case(lambda: L.Conv2D(3, (2, 3), padding="same"), [(2, 5, 6, 2)]),
    Case(lambda: L.Conv2D(4, 3, strides=2), [(2, 8, 7, 3)]),
    Case(lambda: L.Conv2D(4, (3, 2), strides=2, padding="same"), [(3, 7, 8, 2)]),
    Case(lambda: L.Conv2D(2, 3, dilation_rate=2), [(2, 9, 8, 3)]),
    Case(lambda: L.Conv2D(6, 3, groups=2, padding="same"), [(2, 5, 5, 4)]),
    Case(lambda: L.Conv2D(5, 1, activation="relu"), [(2, 4, 5, 3)]),
    Case(lambda: L.Conv2D(3, 3, use_bias=False, activation="tanh"), [(1, 5, 4, 1)]),
    Case(lambda: L.Conv2D(3, 3, activity_regularizer="l2", kernel_regularizer="l1"), [(2, 5, 4, 2)]),
    Case(
        lambda: L.Conv2D(
            2, 2, kernel_regularizer="l1", bias_regularizer="l2", activity_regularizer="l2",
            kernel_constraint="max_norm", bias_constraint="unit_norm",
        ),
        [(2, 3, 4, 2)],
    ),
    Case(lambda: L.Conv2D(4, (3, 2), strides=(1, 2), padding="same", groups=2, activation="softmax", data_format="channels_first"), [(2, 4, 5, 6)]),
]
