"""Trains the document's network without dropout in Keras and writes what ParityTests.swift must reproduce.

    python Tests/Golden/training.py

Weights and batches follow from formulas, which the test repeats:
- element i of parameter p: u = splitmix64's finalizer of ((p + 1) << 32 | i), its upper 53 bits as a number
  from 0 to 1; then (2u - 1) * sqrt(6 / (fan in + fan out)) for kernels and (2u - 1) / 10 for biases;
- sample k of the training: the embedded training image (1237 k) mod 4000, its bytes / 255 in float64.

The constants of SGD are such that float32 holds them exactly, since Keras rounds some of them. Needs
keras 3.15, tensorflow 2.21.
"""

import gzip
import json
import math
import os
import pathlib
import sys

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
import keras
import numpy as np

BATCH = 16
ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "Sources/CitiusData/Resources/fashion-mnist"


def mixed(z):
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def weights(shapes):
    result = []
    for p, shape in enumerate(shapes):
        keys = (np.uint64(p + 1) << np.uint64(32)) | np.arange(math.prod(shape), dtype=np.uint64)
        u = (mixed(keys) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        field = math.prod(shape[:-2])
        limit = 0.1 if len(shape) == 1 else math.sqrt(6 / (field * (shape[-2] + shape[-1])))
        result.append(((2 * u - 1) * limit).reshape(shape))
    return result


def data(samples):
    def read(name, header):
        path = next(DATA.glob(f"train-{name}*"))
        raw = path.read_bytes()
        raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
        return np.frombuffer(raw, dtype=np.uint8, offset=header)

    images, labels = read("images", 16).reshape(-1, 28, 28, 1), read("labels", 8)
    index = np.arange(samples) * 1237 % len(labels)
    return images[index].astype(np.float64) / 255, labels[index].astype(np.int64)


def run(name, dtype, optimizer, settings, steps):
    keras.config.set_floatx(dtype)
    keras.config.set_dtype_policy(dtype)
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(32, 3), layers.Activation("relu"), layers.MaxPooling2D(2),
        layers.Conv2D(64, 3), layers.Activation("relu"), layers.MaxPooling2D(2),
        layers.Flatten(), layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax"),
    ])
    model.set_weights(weights([w.shape for w in model.get_weights()]))
    model.compile(optimizer=optimizer(), loss="sparse_categorical_crossentropy")
    inputs, targets = data(steps * BATCH)
    losses = []
    for step in range(steps):
        batch = slice(step * BATCH, (step + 1) * BATCH)
        model.reset_metrics()
        losses.append(float(model.train_on_batch(inputs[batch].astype(dtype), targets[batch])))
    tensors = {"losses": {"shape": [steps], "values": losses}}
    if dtype == "float64":
        for p, value in enumerate(model.get_weights()):
            # A sample of up to 64 elements, evenly spread.
            flat = value.reshape(-1)
            chosen = flat[:: max(1, flat.size // 64)][:64]
            tensors[f"weights{p}"] = {"shape": [chosen.size], "values": [float(x) for x in chosen]}
    settings = settings | {"dtype": dtype, "batch_size": BATCH, "steps": steps}
    case = {"name": name, "settings": settings, "tensors": tensors}
    print(name, losses[0], losses[-1], file=sys.stderr)
    return case


def sgd():
    return keras.optimizers.SGD(learning_rate=0.0625, momentum=0.875)


sgd_settings = {"optimizer": "sgd", "learning_rate": 0.0625, "momentum": 0.875}
cases = [
    run("sgd-float64", "float64", sgd, sgd_settings, 100),
    run("sgd-float32", "float32", sgd, sgd_settings, 10),
    run("adam-float32", "float32", keras.optimizers.Adam, {"optimizer": "adam"}, 10),
]
source = f"keras {keras.__version__} on tensorflow; Tests/Golden/training.py"
path = ROOT / "CitiusTestSupport/Golden/training.json"
path.write_text(json.dumps({"source": source, "cases": cases}, indent=1) + "\n")
