from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.DepthwiseConv2D(3), [(2, 6, 7, 3)]),
    Case(lambda: L.DepthwiseConv2D(3, padding="same", strides=2, activation="relu"), [(2, 7, 6, 3)]),
    Case(lambda: L.DepthwiseConv2D((2, 3), depth_multiplier=2), [(2, 5, 6, 2)]),
    Case(lambda: L.DepthwiseConv2D(3, dilation_rate=2, padding="same", use_bias=False), [(1, 7, 6, 2)]),
    Case(
        lambda: L.DepthwiseConv2D(
            2, depthwise_regularizer="l1", bias_regularizer="l2", activity_regularizer="l2",
            depthwise_constraint="max_norm",
        ),
        [(2, 4, 3, 2)],
    ),
    Case(lambda: L.DepthwiseConv2D((2, 3), padding="same", activation="relu", data_format="channels_first"), [(2, 3, 4, 5)]),
]
