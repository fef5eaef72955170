"""Keras on TensorFlow, by `fit`, `evaluate` and a call of the compiled function."""

import os

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import common  # noqa: E402

options = common.arguments()

import keras  # noqa: E402
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

tf.config.threading.set_intra_op_parallelism_threads(options.threads)
tf.config.threading.set_inter_op_parallelism_threads(options.threads)
keras.utils.set_random_seed(options.seed)

# By the names of citius-bench.
MODELS = {
    "document-cnn": lambda: keras.Sequential(
        [
            keras.Input((28, 28, 1)), layers.Conv2D(32, (3, 3)), layers.Activation("relu"),
            layers.MaxPooling2D((2, 2)), layers.Conv2D(64, (3, 3)), layers.Activation("relu"),
            layers.MaxPooling2D((2, 2)), layers.Flatten(), layers.Dense(64, activation="relu"),
            layers.Dropout(0.25), layers.Dense(10, activation="softmax"),
        ]
    )
}

(images, labels), (test_images, test_labels) = common.load(options)
model = MODELS[options.model]()
model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
train_x = images.astype("float32") / 255
test_x = test_images.astype("float32") / 255
startup = common.process_age()


def epoch():
    model.fit(train_x, labels, batch_size=options.batch_size, verbose=0)


def evaluate():
    model.evaluate(test_x, test_labels, batch_size=256, verbose=0)
    return len(test_x)


call = tf.function(lambda x: model(x, training=False))
image = tf.constant(test_x[:1])


def predict():
    call(image).numpy()


common.measure("keras-tensorflow", options, startup, epoch, evaluate, predict, model.count_params())
