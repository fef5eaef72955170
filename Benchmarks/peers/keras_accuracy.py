"""Test accuracy of the document's CNN in Keras on TensorFlow: Fashion-MNIST's own split, 10 epochs, 3 seeds.

    python keras_accuracy.py [--seeds 1 2 3] [--epochs 10] [--data FOLDER]

The counterpart of `Scripts/demo --split standard --seed N`.
"""

import argparse
import gzip
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402


def read(folder, name, header):
    with gzip.open(os.path.join(folder, name + ".gz")) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    options = parser.parse_args()

    def images(part):
        bytes_ = read(options.data, f"{part}-images-idx3-ubyte", 16)
        return bytes_.reshape(-1, 28, 28, 1).astype("float32") / 255

    train = images("train"), read(options.data, "train-labels-idx1-ubyte", 8)
    test = images("t10k"), read(options.data, "t10k-labels-idx1-ubyte", 8)

    for seed in options.seeds:
        keras.utils.set_random_seed(seed)
        model = keras.Sequential(
            [
                keras.Input((28, 28, 1)),
                layers.Conv2D(32, (3, 3)),
                layers.Activation("relu"),
                layers.MaxPooling2D((2, 2)),
                layers.Conv2D(64, (3, 3)),
                layers.Activation("relu"),
                layers.MaxPooling2D((2, 2)),
                layers.Flatten(),
                layers.Dense(64, activation="relu"),
                layers.Dropout(0.25),
                layers.Dense(10, activation="softmax"),
            ]
        )
        model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
        model.fit(*train, epochs=options.epochs, verbose=0)
        loss, accuracy = model.evaluate(*test, verbose=0)
        print(f"seed {seed}: test loss {loss:.4f}, test accuracy {accuracy:.4f}", flush=True)


if __name__ == "__main__":
    main()
