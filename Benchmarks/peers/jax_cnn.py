"""JAX: a jitted training step with Adam written out."""

import os

import common

options = common.arguments()
os.environ["XLA_FLAGS"] = (
    f"--xla_cpu_multi_thread_eigen={'true' if options.threads > 1 else 'false'} "
    f"intra_op_parallelism_threads={options.threads}"
)

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from jax import lax  # noqa: E402


def document_cnn_weights(key):
    def glorot(key, shape):
        window = int(np.prod(shape[:-2]))
        limit = (6 / (window * (shape[-2] + shape[-1]))) ** 0.5
        return jax.random.uniform(key, shape, minval=-limit, maxval=limit)

    shapes = [(3, 3, 1, 32), (3, 3, 32, 64), (1600, 64), (64, 10)]
    keys = jax.random.split(key, len(shapes))
    return [(glorot(k, s), jnp.zeros(s[-1])) for k, s in zip(keys, shapes)]


def document_cnn(weights, x, key):
    def block(x, kernel, bias):
        x = lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
        return lax.reduce_window(jax.nn.relu(x + bias), -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")

    x = block(block(x, *weights[0]), *weights[1]).reshape(x.shape[0], -1)
    x = jax.nn.relu(x @ weights[2][0] + weights[2][1])
    if key is not None:
        x = jnp.where(jax.random.bernoulli(key, 0.75, x.shape), x / 0.75, 0)
    return x @ weights[3][0] + weights[3][1]


# By the names of citius-bench.
MODELS = {"document-cnn": (document_cnn_weights, document_cnn)}
make, forward = MODELS[options.model]


def loss_and_hits(weights, x, y, key):
    logits = forward(weights, x.astype(jnp.float32) / 255, key)
    losses = -jnp.take_along_axis(jax.nn.log_softmax(logits), y[:, None].astype(jnp.int32), 1)
    return losses.mean(), (logits.argmax(1) == y).sum()


@jax.jit
def train(state, x, y, key):
    weights, m, v, t = state
    (loss, hits), gradients = jax.value_and_grad(loss_and_hits, has_aux=True)(weights, x, y, key)
    t = t + 1
    m = jax.tree.map(lambda m, g: m + (g - m) * 0.1, m, gradients)
    v = jax.tree.map(lambda v, g: v + (g * g - v) * 0.001, v, gradients)
    rate = 0.001 * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    weights = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v) + 1e-7), weights, m, v)
    return (weights, m, v, t), loss, hits


test = jax.jit(lambda weights, x, y: loss_and_hits(weights, x, y, None))
call = jax.jit(lambda weights, x: jax.nn.softmax(forward(weights, x, None)))

(images, labels), (test_images, test_labels) = common.load(options)
weights = make(jax.random.key(options.seed))
zeros = jax.tree.map(jnp.zeros_like, weights)
state = (weights, zeros, zeros, jnp.zeros(()))
shuffle = np.random.default_rng(options.seed)
key = jax.random.key(options.seed + 1)
startup = common.process_age()


def epoch():
    global state, key
    order = shuffle.permutation(len(images))
    loss_sum = correct = 0.0
    for start in range(0, len(order), options.batch_size):
        chosen = order[start : start + options.batch_size]
        key, dropout = jax.random.split(key)
        state, loss, hits = train(state, images[chosen], labels[chosen], dropout)
        loss_sum += float(loss) * len(chosen)
        correct += int(hits)


def evaluate():
    for start in range(0, len(test_images), 256):
        chosen = slice(start, start + 256)
        float(test(state[0], test_images[chosen], test_labels[chosen])[0])
    return len(test_images)


image = jnp.asarray(test_images[:1].astype("float32") / 255)


def predict():
    call(state[0], image).block_until_ready()


common.measure("jax", options, startup, epoch, evaluate, predict)
