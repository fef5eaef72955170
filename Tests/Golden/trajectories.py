"""Whole models in training: their losses step by step, trajectories/NAME.json.

    pip install keras numpy scipy jax h5py
    python trajectories.py                # all
    python trajectories.py text_cnn       # one of them

In float64 a hundred steps of SGD, in float32 the first ten of the model's own optimizer. Weights of two axes and more,
inputs and targets follow from formulas (`real`, `whole`), so that a file holds little but losses: element i of stream s
is made of splitmix64(s * 2**32 + i).
"""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"
os.environ["JAX_PLATFORMS"] = "cpu"

from support import attend_in_double, case, keras, np, use_precision, write  # noqa: E402

attend_in_double()
L, O = keras.layers, keras.optimizers
MASK = (1 << 64) - 1


def splitmix(stream, count):
    x = (np.arange(count, dtype=np.uint64) + np.uint64(stream << 32)) + np.uint64(0x9E3779B97F4A7C15)
    z = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def real(stream, shape):
    """In -1..<1, of 24 bits."""
    bits = splitmix(stream, int(np.prod(shape))) >> np.uint64(40)
    return (bits.astype("float64") / 2**23 - 1).reshape(shape)


def whole(stream, shape, bound):
    return (splitmix(stream, int(np.prod(shape))) % np.uint64(bound)).astype("int32").reshape(shape)


def residual_cnn():
    x = images = L.Input((8, 8, 2))
    x = L.Conv2D(6, 3, padding="same", use_bias=False)(x)
    x = L.Activation("relu")(L.BatchNormalization()(x))
    for width, strides in [(6, 1), (8, 2)]:
        y = L.Conv2D(width, 3, strides=strides, padding="same", use_bias=False)(x)
        y = L.ReLU()(L.BatchNormalization()(y))
        y = L.BatchNormalization()(L.Conv2D(width, 3, padding="same", use_bias=False)(y))
        if strides > 1:
            x = L.BatchNormalization()(L.Conv2D(width, 1, strides=strides, use_bias=False)(x))
        x = L.Activation("relu")(L.Add()([x, y]))
    x = L.Dense(5, activation="softmax")(L.GlobalAveragePooling2D()(x))
    return keras.Model(images, x), "sparse_categorical_crossentropy", O.Adam(0.01), [8, 8, 2], dict(labels=5)


def lstm_with_masks():
    x = words = L.Input((9,), dtype="int32")
    x = L.Embedding(7, 6, mask_zero=True)(x)
    x = L.LSTM(5, return_sequences=True)(x)
    x = L.LSTM(4)(x)
    x = L.Dense(3, activation="softmax")(x)
    return keras.Model(words, x), "sparse_categorical_crossentropy", O.Adam(0.01), dict(whole=[9], bound=7), dict(labels=3)


def stacked_gru():
    model = keras.Sequential(
        [
            L.Input((7, 3)), L.GRU(6, return_sequences=True), L.GRU(5, reset_after=False, return_sequences=True),
            L.GRU(4), L.Dense(2),
        ]
    )
    return model, "mean_squared_error", O.RMSprop(0.01), [7, 3], [2]


def bidirectional():
    model = keras.Sequential(
        [
            L.Input((6, 3)), L.Masking(), L.Bidirectional(L.LSTM(4, return_sequences=True)),
            L.Bidirectional(L.GRU(3), merge_mode="sum"), L.Dense(1, activation="sigmoid"),
        ]
    )
    return model, "binary_crossentropy", O.Nadam(0.01), [6, 3], dict(labels=2, shape=[1])


def simple_rnn():
    model = keras.Sequential(
        [
            L.Input((5, 4)), L.TimeDistributed(L.Dense(6, activation="tanh")),
            L.SimpleRNN(5, return_sequences=True, go_backwards=True), L.SimpleRNN(4), L.Dense(2, activation="elu"),
        ]
    )
    return model, "mean_absolute_error", O.Adagrad(0.05), [5, 4], [2]


def transformer_block():
    x = sequence = L.Input((6, 8))
    y = L.MultiHeadAttention(2, 4)(x, x)
    x = L.LayerNormalization(epsilon=1e-6)(x + y)
    y = L.Dense(8)(L.Dense(12, activation="gelu")(x))
    x = L.LayerNormalization(epsilon=1e-6)(L.Add()([x, y]))
    x = L.Dense(4, activation="softmax")(L.GlobalAveragePooling1D()(x))
    return keras.Model(sequence, x), "sparse_categorical_crossentropy", O.AdamW(0.005), [6, 8], dict(labels=4)


def small_gpt():
    words = L.Input((6,), dtype="int32")
    x = L.Embedding(9, 8)(words)
    for _ in range(2):
        y = L.LayerNormalization()(x)
        x = L.Add()([x, L.MultiHeadAttention(2, 4)(y, y, use_causal_mask=True)])
        y = L.LayerNormalization()(x)
        x = L.Add()([x, L.Dense(8)(L.Dense(16, activation="gelu")(y))])
    x = L.Dense(9)(L.LayerNormalization()(x))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return keras.Model(words, x), loss, O.AdamW(0.005), dict(whole=[6], bound=9), dict(labels=9, shape=[6])


def two_inputs_two_outputs():
    left, right = L.Input((6,), name="left"), L.Input((4,), name="right")
    shared = L.Dense(5, activation="selu")
    x = L.Concatenate()([shared(left), shared(L.Dense(6)(right))])
    model = keras.Model(
        [left, right], [L.Dense(2, name="size")(x), L.Dense(3, activation="softmax", name="kind")(x)])
    return (
        model, ["mean_squared_error", "sparse_categorical_crossentropy"], O.SGD(0.05, momentum=0.9, nesterov=True),
        [[6], [4]], [[2], dict(labels=3)], [0.75, 0.5],
    )


def regularized_mlp():
    model = keras.Sequential(
        [
            L.Input((10,)),
            L.Dense(8, activation="relu", kernel_regularizer=keras.regularizers.L2(0.0625)),
            L.Dense(6, activation="swish", kernel_constraint=keras.constraints.MaxNorm(0.75),
                    bias_regularizer=keras.regularizers.L2(0.125)),
            L.Dense(1, kernel_regularizer=keras.regularizers.L1L2(0.03125, 0.0625)),
        ]
    )
    schedule = O.schedules.CosineDecay(0.01, 50, warmup_target=0.02, warmup_steps=4)
    return model, keras.losses.Huber(), O.AdamW(schedule, weight_decay=0.02), [10], [1]


def autoencoder():
    model = keras.Sequential(
        [
            L.Input((8, 8, 1)), L.Conv2D(4, 3, strides=2, padding="same", activation="relu"),
            L.Conv2D(6, 3, strides=2, padding="same", activation="tanh"),
            L.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu"),
            L.Conv2DTranspose(3, 4, strides=2, padding="same", activation="elu"),
            L.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ]
    )
    return model, "mean_squared_error", O.Adamax(0.01), [8, 8, 1], [8, 8, 1]


def text_cnn():
    model = keras.Sequential(
        [
            L.Input((12,), dtype="int32"), L.Embedding(11, 6), L.SpatialDropout1D(0.0),
            L.Conv1D(8, 3, activation="relu"), L.MaxPooling1D(2), L.Conv1D(6, 3, padding="causal", activation="relu"),
            L.GlobalMaxPooling1D(), L.Dense(4, activation="softmax"),
        ]
    )
    return model, "sparse_categorical_crossentropy", O.Adam(0.01), dict(whole=[12], bound=11), dict(labels=4)


def image_layers():
    model = keras.Sequential(
        [
            L.Input((6, 6, 4)), L.Rescaling(0.5, offset=0.25), L.ZeroPadding2D(1), L.DepthwiseConv2D(3), L.PReLU(),
            L.GroupNormalization(2), L.UpSampling2D(2), L.Cropping2D(2), L.SeparableConv2D(6, 3, activation="mish"),
            L.AveragePooling2D(2), L.Reshape((9, 6)), L.Permute((2, 1)), L.LeakyReLU(0.2), L.Flatten(), L.Dense(3),
        ]
    )
    return model, "log_cosh", O.Lion(0.002), [6, 6, 4], [3]


MODELS = [
    residual_cnn, lstm_with_masks, stacked_gru, bidirectional, simple_rnn, transformer_block, small_gpt,
    two_inputs_two_outputs, regularized_mlp, autoencoder, text_cnn, image_layers,
]
BATCH = 8


def specifications(given):
    """A list of what each tensor is: a shape of reals, or whole numbers below a bound."""
    if isinstance(given, dict) or not any(isinstance(x, (list, dict)) for x in given):
        given = [given]
    result = []
    for one in given:
        if isinstance(one, list):
            result.append(dict(shape=one))
        elif "labels" in one:
            result.append(dict(shape=one.get("shape", []), bound=one["labels"]))
        else:
            result.append(dict(shape=one["whole"], bound=one["bound"]))
    return result


def tensors(specifications, stream, precision):
    result = []
    for number, one in enumerate(specifications):
        shape = [BATCH, *one["shape"]]
        values = whole(stream + number, shape, one["bound"]) if "bound" in one else real(stream + number, shape)
        result.append(values if "bound" in one else values.astype(precision))
    return result


def train(make, precision, steps):
    use_precision(precision)
    keras.utils.clear_session()
    model, loss, own, inputs, targets, *weights = make()
    optimizer = own if precision == "float32" else O.SGD(0.03125, momentum=0.875)
    model.compile(optimizer, loss, loss_weights=weights[0] if weights else None)
    for number, weight in enumerate(model.weights):
        if len(weight.shape) > 1:
            scale = 2.0 ** round(np.log2(2 / np.sqrt(weight.shape[-2])))
            weight.assign(real(number, weight.shape) * scale / 2)
    inputs, targets = specifications(inputs), specifications(targets)
    losses = []
    for step in range(steps):
        x, y = tensors(inputs, 1000 + 16 * step, precision), tensors(targets, 1008 + 16 * step, precision)
        model.reset_metrics()
        result = model.train_on_batch(x if len(x) > 1 else x[0], y if len(y) > 1 else y[0])
        losses.append(float(result[0] if isinstance(result, list) else result))
    settings = dict(
        architecture=model.to_json(), compilation=json.dumps(model.get_compile_config()),
        inputs=json.dumps(inputs), targets=json.dumps(targets), batch=BATCH, precision=precision,
    )
    sums = [[float(np.sum(w)), float(np.sum(np.square(w)))] for w in model.get_weights()]
    return case(f"{make.__name__} {precision}", settings, losses=losses, weight_sums=sums)


if __name__ == "__main__":
    for make in MODELS:
        if make.__name__ in (sys.argv[1:] or [make.__name__]):
            write("trajectories/" + make.__name__, [train(make, "float64", 100), train(make, "float32", 10)])
