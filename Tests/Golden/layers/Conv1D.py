from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Conv1D(4, 3, padding="same"), [(2, 7, 3)]),
    Case(lambda: L.Conv1D(3, 2, strides=2, activation="relu"), [(2, 8, 3)]),
    Case(lambda: L.Conv1D(3, 3, padding="same", strides=2, activation="tanh"), [(2, 8, 2)]),
    Case(lambda: L.Conv1D(3, 3, padding="causal", dilation_rate=2), [(2, 9, 2)]),
    Case(lambda: L.Conv1D(3, 4, padding="causal", strides=3), [(2, 9, 2)]),
    Case(lambda: L.Conv1D(6, 3, groups=2, use_bias=False), [(2, 7, 4)]),
    Case(lambda: L.Conv1D(5, 1), [(3, 4, 2)]),
    Case(
        lambda: L.Conv1D(
            2, 3, kernel_regularizer="l1", bias_regularizer="l2", activity_regularizer="l2",
            kernel_constraint="max_norm", bias_constraint="unit_norm",
        ),
        [(2, 5, 3)],
    ),
    Case(lambda: L.Conv1D(3, 2, padding="causal", groups=1, activation="relu", data_format="channels_first"), [(2, 4, 5)]),
]
