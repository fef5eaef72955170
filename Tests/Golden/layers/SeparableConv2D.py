from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.SeparableConv2D(4, 3), [(2, 6, 7, 3)]),
    Case(lambda: L.SeparableConv2D(4, 3, padding="same", strides=2, activation="relu"), [(2, 7, 6, 3)]),
    Case(lambda: L.SeparableConv2D(4, (2, 3), depth_multiplier=2), [(2, 5, 6, 2)]),
    Case(lambda: L.SeparableConv2D(4, 3, dilation_rate=2, padding="same", use_bias=False), [(1, 7, 6, 2)]),
    Case(
        lambda: L.SeparableConv2D(
            2, 2, depthwise_regularizer="l1", pointwise_regularizer="l2", activity_regularizer="l1",
            pointwise_constraint="non_neg",
        ),
        [(2, 4, 3, 2)],
    ),
    Case(lambda: L.SeparableConv2D(4, 3, strides=2, padding="same", data_format="channels_first"), [(2, 3, 4, 5)]),
]
