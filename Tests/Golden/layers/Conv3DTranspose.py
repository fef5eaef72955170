from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Conv3DTranspose(2, 3, strides=2, padding="same", activation="relu"), [(2, 2, 3, 2, 3)]),
    Case(lambda: L.Conv3DTranspose(2, (2, 1, 3), activation="tanh"), [(2, 3, 2, 2, 2)]),
    Case(lambda: L.Conv3DTranspose(1, 2, strides=(3, 2, 1), use_bias=False), [(1, 2, 2, 3, 2)]),
    Case(lambda: L.Conv3DTranspose(1, 3, strides=2, padding="same", output_padding=(1, 0, 1)), [(1, 2, 3, 2, 2)]),
    Case(lambda: L.Conv3DTranspose(1, 2, dilation_rate=(2, 1, 1)), [(1, 2, 2, 2, 2)]),
    Case(
        lambda: L.Conv3DTranspose(
            1, 2, kernel_regularizer="l1", bias_regularizer="l2", activity_regularizer="l2",
            kernel_constraint="max_norm", bias_constraint="unit_norm",
        ),
        [(2, 2, 2, 1, 2)],
    ),
    Case(lambda: L.Conv3DTranspose(2, 2, strides=2, data_format="channels_first"), [(1, 3, 2, 3, 2)]),
]
