"""Whole models as Keras describes them (`Model.to_json`): architectures.json.

    python architectures.py
"""

import json
import os
from pathlib import Path

os.environ.setdefault("KERAS_BACKEND", "numpy")
import keras  # noqa: E402

L = keras.layers


def classifier():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            L.Conv2D(4, 3, activation="relu", kernel_regularizer="l2", kernel_constraint="max_norm"),
            L.MaxPooling2D(2),
            L.DepthwiseConv2D((2, 3), strides=2, padding="same", depth_multiplier=2),
            L.SeparableConv2D(6, 2, depthwise_initializer="he_normal"),
            L.BatchNormalization(momentum=0.9),
            L.Activation("relu6"),
            L.AveragePooling2D((2, 1), strides=1, padding="same"),
            L.Dropout(0.25),
            L.Flatten(),
            L.Dense(10, activation="softmax", use_bias=False, bias_initializer="ones"),
        ],
        name="classifier",
    )


def branches():
    a, b = keras.Input((8,), name="a"), keras.Input((8,), name="b", dtype="int32")
    shared = L.Dense(8, name="shared")
    x = L.Add()([shared(a), shared(L.Activation("tanh")(shared(a)))])
    inner = keras.Sequential([keras.Input((16,)), L.Dense(3, kernel_initializer=keras.initializers.RandomNormal(0.5))], name="inner")
    y = L.Concatenate(axis=1)([x, a])
    return keras.Model([a, b], [inner(y), L.Dense(1, name="single")(L.Concatenate()([x, L.Flatten()(b)]))], name="branches")


def image():
    i = keras.Input((9, 9, 3))
    x = L.Conv2D(4, (2, 3), dilation_rate=2, groups=1)(i)
    n = keras.Model(i, [L.GlobalAveragePooling2D()(x), L.GlobalMaxPooling2D(keepdims=True)(x)], name="trunk")
    j = keras.Input((9, 9, 3))
    mean, largest = n(j)
    return keras.Model(j, L.Add()([L.Dense(2)(mean), L.Dense(2)(L.Flatten()(largest))]), name="image")


if __name__ == "__main__":
    path = Path(__file__).resolve().parent.parent / "CitiusTestSupport/Golden/architectures.json"
    models = [classifier(), branches(), image()]
    cases = [
        {"name": m.name, "settings": {"json": m.to_json(), "parameters": m.count_params()}, "tensors": {}} for m in models
    ]
    path.write_text(json.dumps({"source": f"keras {keras.__version__}", "cases": cases}, separators=(",", ":")) + "\n")
