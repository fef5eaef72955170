from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.SeparableConv1D(5, 3, padding="same", activation="relu"), [(2, 7, 4)]),
    Case(lambda: L.SeparableConv1D(2, 2, strides=2, depth_multiplier=2), [(2, 7, 3)]),
    Case(lambda: L.SeparableConv1D(3, 2, dilation_rate=3, use_bias=False), [(2, 7, 3)]),
    Case(
        lambda: L.SeparableConv1D(
            2, 2, depthwise_regularizer="l1", pointwise_regularizer="l2", activity_regularizer="l1",
            pointwise_constraint="non_neg",
        ),
        [(2, 4, 3)],
    ),
    Case(lambda: L.SeparableConv1D(4, 3, data_format="channels_first"), [(2, 3, 5)]),
]
