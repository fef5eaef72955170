"""Golden values of layers, from Keras on JAX in float64.

    pip install keras numpy scipy jax h5py
    python layers.py            # every layer, into ../CitiusTestSupport/Golden/layers
    python layers.py Conv1D     # one of them

A layer's cases stand in layers/NAME.py, named as the layer's class: a list CASES of `Case`. Tests/Keras/run saves the
same cases as models of real Keras and reads them in Citius.
"""

import dataclasses
import glob
import importlib.util
import json
import os
import sys
from typing import Callable

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

from support import Random, case, keras, np, use_precision, write  # noqa: E402

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "layers")


@dataclasses.dataclass
class Case:
    """A layer and what it is called on."""

    # Makes the layer.
    layer: Callable
    # Of each input its shape, batch axis first, drawn from -1..<1; or its values.
    inputs: list
    # For each input a mask [batch, steps], or None.
    masks: list | None = None
    # Whether it is called as in training: for layers that differ and draw nothing at random.
    training: bool = False
    # Further arguments of the call, as Python has them.
    arguments: dict = dataclasses.field(default_factory=dict)
    # Whether several inputs are passed as arguments of their own (query, value) and not as one list.
    spread: bool = False
    # The argument that takes the inputs behind the first, as a list.
    keyword: str = ""
    # The arguments that take the last inputs, by these names.
    keywords: list = ()
    # Whether real Keras can save the case as a model that predicts: not for masks that are given by hand.
    is_saved: bool = True
    # Of trained weights, the range.
    low: float = -1.0
    high: float = 1.0
    name: str = ""

    def call(self, layer, inputs, **arguments):
        arguments = self.arguments | arguments
        if self.keywords:
            positional = len(inputs) - len(self.keywords)
            arguments |= dict(zip(self.keywords, inputs[positional:]))
            inputs = inputs[:positional]
        if len(inputs) == 1:
            return layer(inputs[0], **arguments)
        if self.keyword:
            return layer(inputs[0], **{self.keyword: inputs[1:]}, **arguments)
        return layer(*inputs, **arguments) if self.spread else layer(inputs, **arguments)

    def values(self, random):
        return [random(*x) if isinstance(x, tuple) else np.asarray(x) for x in self.inputs]

    def fill(self, layer, random):
        """Weights that are all different; statistics that are positive; integers stay."""
        learned = {id(w) for w in layer.trainable_weights}
        for weight in layer.weights:
            if "float" in str(weight.dtype):
                low, high = (self.low, self.high) if id(weight) in learned else (0.5, 2.0)
                weight.assign(random(*weight.shape, low=low, high=high))

    def model(self, random):
        """A model of the layer alone."""
        values = self.values(random)
        entries = [keras.Input(x.shape[1:], dtype="float32" if x.dtype.kind == "f" else str(x.dtype)) for x in values]
        layer = self.layer()
        outputs = keras.tree.flatten(self.call(layer, entries))
        model = keras.Model(
            entries if len(entries) > 1 else entries[0], outputs if len(outputs) > 1 else outputs[0])
        self.fill(layer, random)
        return model, values


def load(name):
    spec = importlib.util.spec_from_file_location(name, os.path.join(FOLDER, name + ".py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.CASES


def names():
    return sorted(os.path.basename(path)[:-3] for path in glob.glob(os.path.join(FOLDER, "[A-Z]*.py")))


def golden(number, it, random):
    import jax

    # What a program builds in a layer's place is the same for every call.
    keras.utils.set_random_seed(number)
    layer, values = it.layer(), it.values(random)
    real = [i for i, x in enumerate(values) if x.dtype.kind == "f"]

    def placed(arrays):
        """The inputs with their masks."""
        inputs = [keras.ops.convert_to_tensor(x) for x in values]
        for index, array in zip(real, arrays):
            inputs[index] = array
        for x, mask in zip(inputs, it.masks or []):
            if mask is not None:
                keras.src.backend.set_keras_mask(x, keras.ops.convert_to_tensor(np.asarray(mask, bool)))
        return inputs

    # Some layers take a call for one of training unless they are told otherwise.
    training = {"training": it.training} if layer._call_has_training_arg else {}
    it.call(layer, placed([keras.ops.convert_to_tensor(values[i]) for i in real]), **(training and {"training": False}))
    it.fill(layer, random)
    weights = [keras.ops.convert_to_numpy(w).copy() for w in layer.weights]
    outputs = it.call(layer, placed([keras.ops.convert_to_tensor(values[i]) for i in real]), **training)
    outputs = keras.tree.flatten(outputs)
    tensors = {f"input_{i}": x for i, x in enumerate(values)}
    tensors |= {f"mask_{i}": m for i, m in enumerate(it.masks or []) if m is not None}
    tensors |= {f"weight_{i}": w for i, w in enumerate(weights)}
    for i, (weight, before) in enumerate(zip(layer.weights, weights)):
        after = keras.ops.convert_to_numpy(weight).copy()
        if not np.array_equal(after, before):
            tensors[f"updated_{i}"] = after
        weight.assign(before)
    cotangents = [random(*y.shape) if "float" in str(y.dtype) else None for y in outputs]
    for i, (output, cotangent) in enumerate(zip(outputs, cotangents)):
        tensors[f"output_{i}"] = output
        tensors[f"cotangent_{i}"] = cotangent
        tensors[f"output_mask_{i}"] = keras.src.backend.get_keras_mask(output)

    # Weights in the order of `weights`, which is not that of `trainable_variables` in every layer.
    number_of = {id(w): i for i, w in enumerate(layer.weights)}
    learned = [number_of[id(w)] for w in layer.trainable_variables]

    def function(arrays, parameters):
        # Called as any layer is: `stateless_call` would pass the masks by.
        mapping = list(zip(layer.trainable_variables, parameters))
        with keras.StatelessScope(state_mapping=mapping, collect_losses=True):
            results = it.call(layer, placed(arrays), **training)
            losses = layer.losses
        total = sum((y * c).sum() for y, c in zip(keras.tree.flatten(results), cotangents) if c is not None)
        return total + sum(losses)

    if any(c is not None for c in cotangents) and (real or learned):
        arrays = [keras.ops.convert_to_tensor(values[i]) for i in real]
        parameters = [v.value for v in layer.trainable_variables]
        d_inputs, d_weights = jax.grad(function, argnums=(0, 1))(arrays, parameters)
        tensors |= {f"d_input_{i}": g for i, g in zip(real, d_inputs)}
        tensors |= {f"d_weight_{i}": g for i, g in zip(learned, d_weights)}
    settings = {
        "layer": json.dumps(keras.saving.serialize_keras_object(layer)),
        "arguments": json.dumps(it.arguments),
        "training": it.training,
        "inputs": len(values),
        "outputs": len(outputs),
        "integers": [float(i) for i in range(len(values)) if i not in real],
    }
    if it.keywords:
        settings["keywords"] = json.dumps(list(it.keywords))
    return case(it.name or f"{type(layer).__name__} {number}", settings, **tensors)


if __name__ == "__main__":
    use_precision("float64")
    for name in sys.argv[1:] or names():
        random = Random(sum(name.encode()))
        write("layers/" + name, [golden(number, it, random) for number, it in enumerate(load(name))])
