"""What the scripts that write golden values share.

Every file: {"source": "...", "cases": [{"name", "settings": {...}, "tensors": {name: {"shape", "values"}}}]}.
Values are float64 unless a case says otherwise; gradients are those of sum(output * cotangent).
"""

import json
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras  # noqa: E402
import numpy as np  # noqa: E402

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf
elif keras.backend.backend() == "jax":
    # Keras computes in float32 where several types meet, unless it runs on TensorFlow.
    keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"

if keras.backend.backend() == "jax":
    # Keras computes in float32 where several types meet, unless it runs on TensorFlow.
    keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = os.path.join(HERE, "..", "CitiusTestSupport", "Golden")


def use_precision(name):
    keras.config.set_floatx(name)
    keras.config.set_dtype_policy(name)


def tensor(value):
    array = np.asarray(value)
    return {"shape": list(array.shape), "values": [float(x) for x in array.reshape(-1)]}


def case(name, settings, **tensors):
    return {
        "name": name,
        "settings": settings,
        "tensors": {key: tensor(value) for key, value in tensors.items() if value is not None},
    }


def write(name, cases):
    backend = keras.backend.backend()
    source = f"keras {keras.__version__}, {backend} {__import__(backend).__version__}"
    path = os.path.join(OUT, name + ".json")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump({"source": source, "cases": cases}, file, separators=(",", ":"))
        file.write("\n")
    print(name, len(cases), "cases")


class Random:
    """Inputs that float32 holds exactly, so that both precisions see the same."""

    def __init__(self, seed):
        self.generator = np.random.default_rng(seed)

    def __call__(self, *shape, low=-1.0, high=1.0):
        return self.generator.uniform(low, high, shape).astype("float32").astype("float64")


def differentiate(function, variables, cotangent):
    """The function's result and the gradients of sum(result * cotangent)."""
    variables = [tf.Variable(v) for v in variables]
    with tf.GradientTape() as tape:
        result = function(*variables)
        total = tf.reduce_sum(result * cotangent(result.shape))
    return result.numpy(), [g.numpy() for g in tape.gradient(total, variables)]


def value_and_gradient(function, x):
    """The function's value, a scalar, and its gradient."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.value_and_grad(function)(jax.numpy.asarray(x))
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        value = function(variable)
    return value.numpy(), tape.gradient(value, variable).numpy()


def configuration(value):
    """The settings of a case that holds values of one object: Keras's description of it."""
    return {"configuration": json.dumps(keras.saving.serialize_keras_object(value))}


def attend_in_double():
    """JAX's own attention computes in float32 whatever it is given: its formula in the type of the inputs instead."""
    import jax

    def attention(query, key, value, bias=None, mask=None, *, scale=None, is_causal=False, **_):
        scores = jax.numpy.einsum("btnh,bsnh->bnts", query, key) * scale
        scores = scores if bias is None else scores + bias
        seen = jax.numpy.tri(*scores.shape[2:], dtype=bool) if is_causal else jax.numpy.ones(scores.shape[2:], bool)
        seen = seen if mask is None else seen & mask
        scores = jax.numpy.where(seen, scores, -0.7 * jax.numpy.finfo(scores.dtype).max)
        return jax.numpy.einsum("bnts,bsnh->btnh", jax.nn.softmax(scores), value)

    jax.nn.dot_product_attention = attention
