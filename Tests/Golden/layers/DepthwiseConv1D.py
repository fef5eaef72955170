from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.DepthwiseConv1D(3, padding="same", activation="relu"), [(2, 7, 4)]),
    Case(lambda: L.DepthwiseConv1D(2, strides=2, depth_multiplier=2), [(2, 7, 3)]),
    Case(lambda: L.DepthwiseConv1D(2, dilation_rate=3, use_bias=False, activation="tanh"), [(2, 7, 3)]),
    Case(
        lambda: L.DepthwiseConv1D(
            2, depthwise_regularizer="l1", bias_regularizer="l2", activity_regularizer="l2",
            depthwise_constraint="max_norm",
        ),
        [(2, 4, 3)],
    ),
    Case(lambda: L.DepthwiseConv1D(3, depth_multiplier=2, data_format="channels_first"), [(2, 3, 5)]),
]
