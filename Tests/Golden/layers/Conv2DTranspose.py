from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Conv2DTranspose(3, 3, strides=2, padding="same", activation="relu"), [(2, 3, 4, 2)]),
    Case(lambda: L.Conv2DTranspose(2, (2, 3)), [(2, 4, 3, 3)]),
    Case(lambda: L.Conv2DTranspose(2, 3, padding="same", activation="tanh"), [(2, 4, 3, 3)]),
    Case(lambda: L.Conv2DTranspose(2, 2, strides=(3, 2), use_bias=False), [(2, 3, 3, 2)]),
    Case(lambda: L.Conv2DTranspose(2, 4, strides=(2, 3), padding="same", output_padding=(1, 2)), [(2, 3, 2, 3)]),
    Case(lambda: L.Conv2DTranspose(2, 3, strides=(2, 3), output_padding=(1, 0)), [(2, 3, 2, 3)]),
    Case(lambda: L.Conv2DTranspose(2, 2, dilation_rate=(2, 3), padding="same"), [(1, 4, 5, 2)]),
    Case(lambda: L.Conv2DTranspose(1, (5, 2), strides=(1, 4), padding="same"), [(1, 3, 2, 2)]),
    Case(
        lambda: L.Conv2DTranspose(
            2, 2, kernel_regularizer="l1", bias_regularizer="l2", activity_regularizer="l2",
            kernel_constraint="max_norm", bias_constraint="unit_norm",
        ),
        [(2, 3, 2, 3)],
    ),
    Case(lambda: L.Conv2DTranspose(3, 3, strides=(2, 1), padding="same", activation="relu", data_format="channels_first"), [(2, 2, 3, 4)]),
]
