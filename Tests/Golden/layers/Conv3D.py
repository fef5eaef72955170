from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.Conv3D(3, 2, padding="same"), [(2, 3, 4, 5, 2)]),
    Case(lambda: L.Conv3D(2, (2, 3, 2), strides=(2, 1, 2), activation="relu"), [(2, 5, 4, 6, 2)]),
    Case(lambda: L.Conv3D(2, 3, strides=2, padding="same", activation="sigmoid"), [(1, 4, 5, 6, 3)]),
    Case(lambda: L.Conv3D(2, 2, dilation_rate=(2, 1, 2)), [(1, 4, 3, 5, 2)]),
    Case(lambda: L.Conv3D(4, (3, 2, 1), groups=2, use_bias=False), [(2, 4, 3, 3, 4)]),
    Case(
        lambda: L.Conv3D(
            2, 2, kernel_regularizer="l1", bias_regularizer="l2", activity_regularizer="l2",
            kernel_constraint="max_norm", bias_constraint="unit_norm",
        ),
        [(2, 3, 3, 2, 2)],
    ),
    Case(lambda: L.Conv3D(2, 2, data_format="channels_first"), [(2, 3, 4, 3, 2)]),
]
