"""Keras on TensorFlow or on JAX, by `fit`, `evaluate` and a call of the compiled function."""

import os

import common

options = common.arguments(
    models=["document-cnn", "embedding", "text-cnn", "lstm", "gru", "transformer", "small-gpt"],
    backend=dict(default="tensorflow", choices=["tensorflow", "jax"]),
    # What Keras chooses by itself, or TensorFlow's own kernels instead of XLA's.
    mode=dict(default="default", choices=["default", "no-jit"]),
)
os.environ["KERAS_BACKEND"] = options.backend
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["XLA_FLAGS"] = (
    f"--xla_cpu_multi_thread_eigen={'true' if options.threads > 1 else 'false'} "
    f"intra_op_parallelism_threads={options.threads}"
) if options.backend == "jax" else ""

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402

if options.backend == "tensorflow":
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    tf.config.threading.set_inter_op_parallelism_threads(options.threads)
keras.utils.set_random_seed(options.seed)


def document_cnn():
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)), layers.Conv2D(32, (3, 3)), layers.Activation("relu"),
            layers.MaxPooling2D((2, 2)), layers.Conv2D(64, (3, 3)), layers.Activation("relu"),
            layers.MaxPooling2D((2, 2)), layers.Flatten(), layers.Dense(64, activation="relu"),
            layers.Dropout(0.25), layers.Dense(10, activation="softmax"),
        ]
    )


def embedding():
    return keras.Sequential(
        [
            keras.Input((128,), dtype="int64"), layers.Embedding(20_000, 128), layers.GlobalAveragePooling1D(),
            layers.Dense(10),
        ]
    )


def text_cnn():
    return keras.Sequential(
        [
            keras.Input((128,), dtype="int64"), layers.Embedding(20_000, 128),
            layers.Conv1D(128, 5, activation="relu"), layers.GlobalMaxPooling1D(), layers.Dense(10),
        ]
    )


def recurrent(layer):
    return keras.Sequential([keras.Input((64, 128)), layer(128), layers.Dense(10)])


def transformer():
    x = given = keras.Input((128, 128))
    x = layers.LayerNormalization(epsilon=1e-5)(x + layers.MultiHeadAttention(4, 32)(x, x))
    y = layers.Dense(128)(layers.Dense(512, activation="gelu")(x))
    x = layers.LayerNormalization(epsilon=1e-5)(x + y)
    return keras.Model(given, layers.Dense(10)(layers.GlobalAveragePooling1D()(x)))


class Positions(layers.Layer):
    def build(self, shape):
        self.table = self.add_weight(shape=shape[1:], initializer=keras.initializers.RandomNormal(stddev=0.02))

    def call(self, x):
        return x + self.table


def small_gpt(vocabulary=96, context=128, width=128, blocks=4, heads=4):
    normal = keras.initializers.RandomNormal(stddev=0.02)
    tokens = keras.Input((context,), dtype="int64")
    table = layers.ReversibleEmbedding(vocabulary, width, embeddings_initializer=normal)
    x = Positions()(table(tokens))
    for _ in range(blocks):
        a = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.MultiHeadAttention(heads, width // heads)(a, a, use_causal_mask=True)
        b = layers.LayerNormalization(epsilon=1e-5)(x)
        x = x + layers.Dense(width)(layers.Dense(4 * width, activation="gelu")(b))
    return keras.Model(tokens, table(layers.LayerNormalization(epsilon=1e-5)(x), reverse=True))


# By the names of citius-bench.
MODELS = {
    "document-cnn": document_cnn, "embedding": embedding, "text-cnn": text_cnn,
    "lstm": lambda: recurrent(layers.LSTM), "gru": lambda: recurrent(layers.GRU), "transformer": transformer,
    "small-gpt": small_gpt,
}

model = MODELS[options.model]()
if options.model == "document-cnn":
    (images, train_y), (test_images, test_y) = common.load(options)
    train_x, test_x = (x.astype("float32") / 255 for x in (images, test_images))
    loss = "sparse_categorical_crossentropy"
else:
    (train_x, train_y), (test_x, test_y) = common.sequences(options)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
model.compile(
    optimizer="adam", loss=loss, metrics=["accuracy"],
    jit_compile=False if options.mode == "no-jit" else "auto",
)
startup = common.process_age()


def epoch():
    model.fit(train_x, train_y, batch_size=options.batch_size, verbose=0)


def evaluate():
    model.evaluate(test_x, test_y, batch_size=256, verbose=0)
    return len(test_x)


if options.backend == "tensorflow":
    call = tf.function(lambda x: model(x, training=False))
    sample = tf.constant(test_x[:1])

    def predict():
        call(sample).numpy()

else:
    import functools

    import jax

    call = jax.jit(lambda weights, others, x: model.stateless_call(weights, others, x, training=False)[0])
    sample = jax.numpy.asarray(test_x[:1])

    @functools.cache
    def weights():
        """Taken behind the training, which gives the variables new arrays."""
        variables = model.trainable_variables, model.non_trainable_variables
        return [[variable.value for variable in some] for some in variables]

    def predict():
        call(*weights(), sample).block_until_ready()


name = f"keras-{options.backend}" + ("" if options.mode == "default" else "-" + options.mode)
common.measure(name, options, startup, epoch, evaluate, predict, model.count_params())
