from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Conv1DTranspose(3, 3, strides=2, padding="same"), [(2, 5, 4)]),
    Case(lambda: L.Conv1DTranspose(3, 2, strides=3, activation="relu"), [(2, 4, 2)]),
    Case(lambda: L.Conv1DTranspose(2, 4, padding="same", use_bias=False), [(2, 5, 3)]),
    Case(lambda: L.Conv1DTranspose(2, 3, strides=3, output_padding=2), [(2, 4, 3)]),
    Case(lambda: L.Conv1DTranspose(2, 3, strides=2, padding="same", output_padding=1), [(2, 4, 3)]),
    Case(lambda: L.Conv1DTranspose(2, 3, dilation_rate=2), [(2, 4, 3)]),
    Case(
        lambda: L.Conv1DTranspose(
            2, 3, kernel_regularizer="l1", bias_regularizer="l2", activity_regularizer="l2",
            kernel_constraint="max_norm", bias_constraint="unit_norm",
        ),
        [(2, 4, 3)],
    ),
    Case(lambda: L.Conv1DTranspose(3, 3, strides=2, data_format="channels_first"), [(2, 2, 4)]),
]
