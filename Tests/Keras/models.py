"""Models of real Keras for Tests/Keras/run.

  models.py save FOLDER    saves a dozen models, and one of each case in Tests/Golden/layers, with samples and what
                           Keras predicts for them
  models.py check FOLDER   compares what Citius predicted, and what it wrote, with that
"""

import glob
import os
import sys

os.environ["KERAS_BACKEND"] = "numpy"

import keras
import numpy as np
from keras import layers as L
from safetensors.numpy import load_file, save_file

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "Golden"))

import layers as golden  # noqa: E402
from support import Random  # noqa: E402


def document_cnn():
    model = keras.Sequential(
        [
            L.Input((28, 28, 1)),
            L.Conv2D(32, 3, name="second"),
            L.Activation("relu"),
            L.MaxPooling2D(2),
            L.Conv2D(64, 3, name="first"),
            L.Activation("relu"),
            L.MaxPooling2D(2),
            L.Flatten(),
            L.Dense(64, activation="relu"),
            L.Dropout(0.25),
            L.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def two_inputs_and_outputs():
    left, right = L.Input((8,), name="left"), L.Input((4,), name="right")
    shared = L.Dense(8, activation="gelu", name="shared")
    x = L.Add()([shared(left), shared(L.Dense(8)(right))])
    x = L.Concatenate()([x, right])
    model = keras.Model([left, right], [L.Dense(2, name="two")(x), L.Dense(3, name="three", activation="softmax")(x)])
    model.compile(
        optimizer=keras.optimizers.SGD(0.1, momentum=0.9),
        loss=["mean_squared_error", "categorical_crossentropy"],
        loss_weights=[1.0, 0.5],
    )
    return model


def two_outputs_by_name():
    model = two_inputs_and_outputs()
    model.compile(
        optimizer=keras.optimizers.RMSprop(0.001),
        loss={"two": "mse", "three": keras.losses.CategoricalCrossentropy(label_smoothing=0.1)},
        metrics={"three": ["accuracy"]},
    )
    return model


def nested():
    x = entry = L.Input((10, 10, 2))
    inner = keras.Sequential([L.Input((10, 10, 2)), L.Conv2D(4, 3, padding="same"), L.BatchNormalization()], name="b")
    deep_entry = L.Input((10, 10, 4))
    deep = keras.Model(deep_entry, L.Conv2D(4, 1, name="z")(L.Conv2D(5, 1, name="a")(deep_entry)), name="a")
    x = deep(inner(x))
    x = L.GlobalAveragePooling2D()(x)
    return keras.Model(entry, L.Dense(3)(x))


def separable():
    return keras.Sequential(
        [
            L.Input((12, 12, 3)),
            L.SeparableConv2D(6, 3, depth_multiplier=2, padding="same", activation="relu"),
            L.DepthwiseConv2D(3, strides=2, depth_multiplier=2),
            L.GlobalMaxPooling2D(),
            L.Dense(2, use_bias=False),
        ]
    )


def normalized():
    return keras.Sequential(
        [
            L.Input((9, 9, 2)),
            L.Conv2D(4, 3, use_bias=False),
            L.BatchNormalization(scale=False, epsilon=1e-5),
            L.Activation("elu"),
            L.BatchNormalization(center=False, scale=False),
            L.Flatten(),
            L.BatchNormalization(),
            L.Dense(2),
        ]
    )


def pooled():
    return keras.Sequential(
        [
            L.Input((11, 13, 2)),
            L.Conv2D(4, (3, 5), strides=2, padding="same", activation="tanh"),
            L.AveragePooling2D(2, padding="same"),
            L.MaxPooling2D((2, 3), strides=1, padding="same"),
            L.Flatten(),
            L.Dense(3, activation="sigmoid"),
        ]
    )


def grouped():
    return keras.Sequential(
        [L.Input((10, 10, 4)), L.Conv2D(6, 3, groups=2, dilation_rate=2), L.Flatten(), L.Dense(2)]
    )


def described():
    """Every argument as an object."""
    model = keras.Sequential(
        [
            L.Input((5,)),
            L.Dense(
                4,
                activation="selu",
                kernel_initializer=keras.initializers.HeNormal(seed=3),
                bias_initializer=keras.initializers.Constant(0.1),
                kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2),
                bias_constraint=keras.constraints.MaxNorm(2.0),
            ),
            L.Dense(1),
        ]
    )
    model.compile(optimizer=keras.optimizers.AdamW(1e-3, weight_decay=0.01, global_clipnorm=1.0), loss="mse")
    return model


def scheduled():
    model = keras.Sequential([L.Input((5,)), L.Dense(2, activation="softplus")])
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 100, warmup_steps=10, warmup_target=0.2)
    model.compile(optimizer=keras.optimizers.Nadam(schedule), loss="mse")
    return model


def frozen():
    model = keras.Sequential([L.Input((5,)), L.Dense(4), L.Dense(4), L.Dense(2)])
    model.layers[1].trainable = False
    model.compile(optimizer=keras.optimizers.Adam(amsgrad=True), loss="mse")
    return model


def two_optimizers():
    entry = L.Input((5,))
    model = keras.Model(entry, L.Dense(2, name="head")(L.Dense(4, activation="tanh", name="encoder")(entry)))
    rates = keras.optimizers.OptimizerMap(
        keras.optimizers.SGD(0.1, momentum=0.5),
        {"head/kernel": keras.optimizers.RMSprop(0.001), "encoder/.*": keras.optimizers.Adam(0.01)},
    )
    model.compile(optimizer=keras.optimizers.MultiOptimizer(rates), loss="mse")
    return model


def wide():
    """More layers of a class than a digit counts: groups do not come in order of their names."""
    return keras.Sequential([L.Input((6,))] + [L.Dense(6, name=f"d{12 - i}") for i in range(12)])


def operations():
    """Operators on a graph's values, and functions of keras.ops, which are no layers."""
    ops = keras.ops
    left, right = L.Input((4, 6)), L.Input((4, 6))
    x = L.Dense(6)(left)
    x = 2 * x + right - 1 / (3.0 - right / 4) + (-x) ** 2 + abs(right)
    x = L.Add()([x, left])
    square = ops.softmax(x @ ops.transpose(right, (0, 2, 1)) / 2)
    y = ops.concatenate([square @ x, ops.tanh(right)], axis=-1)
    parts = [
        y[:, 0], y[:, 1:3, -1], ops.mean(y, axis=1), ops.max(y, axis=[1, 2], keepdims=False)[:, None],
        ops.sum(y, axis=-1), ops.reshape(y, (-1, 48)), ops.squeeze(ops.expand_dims(y[:, -1], 2), 2),
        ops.reshape(ops.stack([ops.relu(x), ops.exp(x), ops.sqrt(ops.square(x)), ops.maximum(x, 0.0)], axis=1), (-1, 96)),
        ops.reshape(ops.sigmoid(x) * ops.silu(x) + ops.gelu(x) - ops.softplus(x), (-1, 24)),
    ]
    return keras.Model([left, right], [L.Dense(3)(L.Concatenate()(parts)), ops.multiply(x, 0.5)])


def any_length():
    """Layers on sequences whose length is open."""
    x = entry = L.Input((None, 5))
    x = x + L.Dense(5, activation="tanh")(x)
    return keras.Model(entry, L.Dense(3)(keras.ops.mean(x, axis=1)))


MODELS = [
    operations, any_length,
    document_cnn, two_inputs_and_outputs, two_outputs_by_name, nested, separable, normalized, pooled, grouped, described,
    scheduled, frozen, two_optimizers, wide,
]


def write(model, samples, path):
    """The model, samples for it and what it predicts for them."""
    predictions = model.predict(samples if len(samples) > 1 else samples[0], verbose=0)
    predictions = predictions if isinstance(predictions, (list, tuple)) else [predictions]
    model.save(path + ".keras")
    save_file({f"input_{i}": np.ascontiguousarray(x) for i, x in enumerate(samples)}, path + ".inputs.safetensors")
    save_file({f"output_{i}": np.ascontiguousarray(y) for i, y in enumerate(predictions)}, path + ".expected.safetensors")


def save(folder):
    random = np.random.default_rng(1)
    keras.utils.set_random_seed(1)
    for make in MODELS:
        model = make()
        # Weights that are all different, also the statistics and biases.
        for weight in model.weights:
            weight.assign(random.uniform(0.05, 0.5, weight.shape) * random.choice([1, 1, -1]))
        for layer in model._flatten_layers():
            if isinstance(layer, L.BatchNormalization):
                layer.moving_variance.assign(random.uniform(0.5, 2, layer.moving_variance.shape))
        if model.compiled:
            model.optimizer.build(model.trainable_variables)
            model.optimizer.iterations.assign(7)
            for variable in model.optimizer.variables[2:]:
                if variable.shape:
                    variable.assign(random.uniform(0, 1, variable.shape))
        shapes = [[7 if size is None else size for size in i.shape[1:]] for i in model.inputs]
        samples = [random.uniform(-1, 1, (5, *shape)).astype("float32") for shape in shapes]
        write(model, samples, os.path.join(folder, make.__name__))
    count = 0
    for name in golden.names():
        for number, case in enumerate(golden.load(name)):
            if case.is_saved:
                model, values = case.model(Random(number))
                values = [x.astype("float32") if x.dtype.kind == "f" else x for x in values]
                write(model, values, os.path.join(folder, f"layer_{name}_{number}"))
                count += 1
    print(f"Keras {keras.__version__} saved {len(MODELS)} models and {count} of one layer each")


def compare(path, what, theirs, ours):
    assert theirs.shape == ours.shape, f"{path}: {what} is {ours.shape}, Keras has {theirs.shape}"
    error = float(np.max(np.abs(theirs - ours) / (1 + np.abs(theirs)))) if theirs.size else 0
    assert error <= 1e-5, f"{path}: {what} differs by {error}"
    return error


def described(layer):
    """All that a layer is made with, without what tells objects apart that are shared, and without initializers' seeds,
    which Citius reads and does not use."""

    def clean(value):
        if isinstance(value, dict):
            unread = {"shared_object_id", "build_config"}
            if "distribution" in value or set(value) & {"mean", "minval", "gain", "input_axes"}:
                unread.add("seed")
            return {key: clean(item) for key, item in value.items() if key not in unread}
        return [clean(item) for item in value] if isinstance(value, (list, tuple)) else value

    return clean(keras.saving.serialize_keras_object(layer))


def check(folder):
    worst = 0
    paths = sorted(path[: -len(".expected.safetensors")] for path in glob.glob(os.path.join(folder, "*.expected.safetensors")))
    for path in paths:
        expected = load_file(path + ".expected.safetensors")
        ours = load_file(path + ".outputs.safetensors")
        assert sorted(ours) == sorted(expected), f"{path}: {sorted(ours)}, expected {sorted(expected)}"
        for name in expected:
            worst = max(worst, compare(path, name, expected[name], ours[name]))
        # Written by Citius, read by Keras: the weights, and what it was compiled with, to the last bit.
        original, copy = keras.models.load_model(path + ".keras"), keras.models.load_model(path + ".copy.keras")
        samples = load_file(path + ".inputs.safetensors")
        samples = [samples[f"input_{i}"] for i in range(len(samples))]
        predictions = copy.predict(samples if len(samples) > 1 else samples[0], verbose=0)
        predictions = predictions if isinstance(predictions, (list, tuple)) else [predictions]
        for index, prediction in enumerate(predictions):
            compare(path + ".copy", f"output_{index}", expected[f"output_{index}"], prediction)
        for theirs, mine in zip(original.weights, copy.weights, strict=True):
            assert np.array_equal(np.asarray(theirs), np.asarray(mine)), f"{path}: {theirs.path} changed"
        assert [l.name for l in original.layers] == [l.name for l in copy.layers], path
        for theirs, mine in zip(original.layers, copy.layers):
            if not isinstance(theirs, keras.Model):
                ours, theirs = described(mine), described(theirs)
                assert ours == theirs, f"{path}: {ours}, Keras has {theirs}"
        assert original.compiled == copy.compiled, f"{path}: compiled"
        if original.compiled:
            a, b = original.optimizer, copy.optimizer
            assert type(a) is type(b), f"{path}: {type(b)}"
            for theirs, mine in zip(a.variables, b.variables, strict=True):
                if theirs.shape or "iteration" in theirs.path or "learning_rate" in theirs.path:
                    assert np.array_equal(np.asarray(theirs), np.asarray(mine)), f"{path}: {theirs.path} changed"
            ours, theirs = b.get_config(), a.get_config()
            assert ours == theirs, f"{path}: optimizer {ours}, Keras has {theirs}"
    print(f"{len(paths)} models predict as in Keras, within {worst:.1e}, and are in Keras what they were")
    # Trained in Citius.
    for path in sorted(glob.glob(os.path.join(folder, "trained", "*.keras"))):
        model = keras.models.load_model(path)
        samples = load_file(path.replace(".keras", ".inputs.safetensors"))["input_0"]
        ours = load_file(path.replace(".keras", ".outputs.safetensors"))["output_0"]
        compare(path, "output_0", model.predict(samples, verbose=0), ours)
        print(f"{os.path.basename(path)}, trained in Citius, predicts the same in Keras")


if __name__ == "__main__":
    {"save": save, "check": check}[sys.argv[1]](sys.argv[2])
