"""Writes golden values from Keras for Citius's tests.

    pip install -r requirements.txt
    python generate.py            # all files, into ../CitiusTestSupport/Golden
    python generate.py conv2d     # one of them

Every file: {"source": "...", "cases": [{"name", "settings": {...}, "tensors": {name: {"shape", "values"}}}]}.
Values are float64 unless a case says otherwise; gradients are those of sum(output * cotangent).
"""

import gzip
import os
import sys

from support import HERE, OUT, Random, case, differentiate, keras, np, tf, use_precision, write

SAMPLE = os.path.join(HERE, "..", "..", "Sources", "CitiusData", "Resources", "fashion-mnist")


def layer_case(name, settings, layer, x, random, weight_names):
    layer.build((None, *x.shape[1:]))
    layer.set_weights([random(*w.shape) for w in layer.weights])
    weights = layer.get_weights()
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        output = layer(variable)
        cotangent = random(*output.shape)
        total = tf.reduce_sum(output * cotangent)
    gradients = tape.gradient(total, [variable] + [w.value for w in layer.trainable_weights])
    tensors = {"input": x, "output": output.numpy(), "cotangent": cotangent, "d_input": gradients[0].numpy()}
    for key, weight, gradient in zip(weight_names, weights, gradients[1:]):
        tensors[key] = weight
        tensors["d_" + key] = gradient.numpy()
    return case(name, settings, **tensors)


def conv2d():
    use_precision("float64")
    random, cases = Random(1), []
    for settings, shape in [
        (dict(filters=4, kernel=[3, 3]), (2, 6, 7, 3)),
        (dict(filters=3, kernel=[2, 3], padding="same"), (2, 5, 6, 2)),
        (dict(filters=4, kernel=[3, 3], strides=[2, 2]), (2, 8, 7, 3)),
        (dict(filters=4, kernel=[3, 2], strides=[2, 2], padding="same"), (3, 7, 8, 2)),
        (dict(filters=2, kernel=[3, 3], dilation=[2, 2]), (2, 9, 8, 3)),
        (dict(filters=6, kernel=[3, 3], groups=2, padding="same"), (2, 5, 5, 4)),
        (dict(filters=5, kernel=[1, 1], activation="relu"), (2, 4, 5, 3)),
        (dict(filters=3, kernel=[3, 3], bias=False, activation="tanh"), (1, 5, 4, 1)),
    ]:
        full = dict(
            filters=4, kernel=[3, 3], strides=[1, 1], padding="valid", dilation=[1, 1], groups=1,
            activation="linear", bias=True,
        ) | settings
        layer = keras.layers.Conv2D(
            full["filters"], full["kernel"], strides=full["strides"], padding=full["padding"],
            dilation_rate=full["dilation"], groups=full["groups"], activation=full["activation"],
            use_bias=full["bias"],
        )
        if full["groups"] > 1:
            cases.append(grouped_case(full, random(*shape), random))
        else:
            cases.append(layer_case(str(settings), full, layer, random(*shape), random, ["kernel", "bias"]))
    write("conv2d", cases)


def separable():
    use_precision("float64")
    random, cases = Random(11), []
    for settings, shape in [
        (dict(), (2, 6, 7, 3)),
        (dict(padding="same", strides=[2, 2], activation="relu"), (2, 7, 6, 3)),
        (dict(kernel=[2, 3], multiplier=2), (2, 5, 6, 2)),
        (dict(dilation=[2, 2], padding="same"), (1, 7, 6, 2)),
    ]:
        full = dict(
            kernel=[3, 3], padding="valid", strides=[1, 1], dilation=[1, 1], multiplier=1, activation="linear",
        ) | settings
        shared = dict(
            strides=full["strides"], padding=full["padding"], dilation_rate=full["dilation"],
            depth_multiplier=full["multiplier"], activation=full["activation"],
        )
        layer = keras.layers.DepthwiseConv2D(full["kernel"], **shared)
        cases.append(
            layer_case(
                f"depthwise {settings}", full | dict(kind="depthwise"), layer, random(*shape), random,
                ["kernel", "bias"],
            )
        )
        layer = keras.layers.SeparableConv2D(4, full["kernel"], **shared)
        cases.append(
            layer_case(
                f"separable {settings}", full | dict(kind="separable", filters=4), layer, random(*shape),
                random, ["depthwise_kernel", "pointwise_kernel", "bias"],
            )
        )
    write("separable", cases)


def globalpooling():
    use_precision("float64")
    random, cases = Random(12), []
    kinds = dict(max=keras.layers.GlobalMaxPooling2D, average=keras.layers.GlobalAveragePooling2D)
    for kind, layer in kinds.items():
        for keepdims in [False, True]:
            settings = dict(kind=kind, keepdims=keepdims)
            cases.append(
                layer_case(str(settings), settings, layer(keepdims=keepdims), random(2, 4, 3, 5), random, [])
            )
    write("globalpooling", cases)


def merging():
    use_precision("float64")
    random, cases = Random(13), []
    for settings, shapes in [
        (dict(kind="add"), [(2, 3, 4)] * 3),
        (dict(kind="concatenate", axis=-1), [(2, 3, 4), (2, 3, 1), (2, 3, 2)]),
        (dict(kind="concatenate", axis=1), [(2, 3, 4), (2, 1, 4)]),
    ]:
        layer = keras.layers.Add() if settings["kind"] == "add" else keras.layers.Concatenate(settings["axis"])
        inputs, cotangents = [random(*shape) for shape in shapes], []

        def cotangent(shape):
            cotangents.append(random(*shape))
            return cotangents[0]

        output, gradients = differentiate(lambda *x: layer(x), inputs, cotangent)
        tensors = {f"input{i}": x for i, x in enumerate(inputs)}
        tensors |= {f"d_input{i}": g for i, g in enumerate(gradients)}
        cases.append(case(str(settings), settings, output=output, cotangent=cotangents[0], **tensors))
    write("merging", cases)


def graph():
    """A functional model that parts, meets and shares a layer: the order of its weights, and ten steps."""
    use_precision("float64")
    random, L = Random(14), keras.layers
    images = keras.Input((6, 6, 2))
    x = L.Conv2D(4, 3, padding="same", activation="relu")(images)
    y = L.BatchNormalization()(L.Conv2D(4, 3, padding="same", use_bias=False)(x))
    y = L.Conv2D(4, 3, padding="same")(L.Activation("relu")(y))
    narrow = L.Conv2D(4, 1)(x)
    x = L.Activation("relu")(L.Add()([narrow, y]))
    a, b = L.GlobalAveragePooling2D()(x), L.Flatten()(L.MaxPooling2D(6)(x))
    shared = L.Dense(4, activation="tanh")
    joined = L.Concatenate()([shared(shared(a)), b, shared(b)])
    model = keras.Model(images, L.Dense(3, activation="softmax")(joined))
    weights = [random(*w.shape, low=0.5 if "variance" in w.name else -0.5, high=1) for w in model.weights]
    model.set_weights(weights)
    model.compile(
        optimizer=keras.optimizers.SGD(0.0625, momentum=0.875), loss="sparse_categorical_crossentropy",
    )
    inputs, labels = random(8, 6, 6, 2), np.array([0, 2, 1, 1, 0, 2, 2, 1])
    output, losses = model.predict(inputs, verbose=0), []
    for _ in range(10):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(inputs, labels)))
    tensors = {f"weight{i}": w for i, w in enumerate(weights)}
    tensors |= {f"weight{i}_after": w for i, w in enumerate(model.get_weights())}
    settings = dict(weights=len(weights), learning_rate=0.0625, momentum=0.875)
    write(
        "graph",
        [case("residual", settings, inputs=inputs, labels=labels, output=output, **tensors)],
    )


def grouped_case(settings, x, random):
    """TensorFlow has no gradient of a grouped convolution on CPUs: group by group, joined."""
    groups, filters = settings["groups"], settings["filters"]
    kernel = random(*settings["kernel"], x.shape[-1] // groups, filters)
    bias = random(filters)

    def function(x, kernel, bias):
        parts = zip(tf.split(x, groups, axis=-1), tf.split(kernel, groups, axis=-1))
        outputs = [
            tf.nn.conv2d(a, k, settings["strides"], settings["padding"].upper(), dilations=settings["dilation"])
            for a, k in parts
        ]
        return tf.concat(outputs, axis=-1) + bias

    cotangents = []

    def cotangent(shape):
        cotangents.append(random(*shape))
        return cotangents[0]

    output, (dx, dk, db) = differentiate(function, [x, kernel, bias], cotangent)
    return case(
        "groups", settings, input=x, kernel=kernel, bias=bias, output=output, cotangent=cotangents[0],
        d_input=dx, d_kernel=dk, d_bias=db,
    )


def pooling():
    use_precision("float64")
    random, cases = Random(2), []
    for kind, cls in [("max", keras.layers.MaxPooling2D), ("average", keras.layers.AveragePooling2D)]:
        for pool, strides, padding in [
            ([2, 2], None, "valid"), ([3, 3], [2, 2], "valid"), ([2, 3], [1, 2], "same"), ([2, 2], None, "same"),
        ]:
            settings = dict(kind=kind, pool=pool, strides=strides or pool, padding=padding)
            layer = cls(pool, strides=strides, padding=padding)
            cases.append(layer_case(str(settings), settings, layer, random(2, 7, 9, 3), random, []))
    write("pooling", cases)


ACTIVATIONS = (
    "relu sigmoid tanh softmax log_softmax linear elu selu gelu silu leaky_relu softplus relu6 softsign mish "
    "hard_sigmoid hard_silu exponential"
).split()


def activations():
    use_precision("float64")
    random, cases = Random(3), []
    for name in ACTIVATIONS:
        x = random(3, 7, low=-4, high=4)
        w = random(3, 7)
        output, (dx,) = differentiate(keras.activations.get(name), [x], lambda _: w)
        cases.append(case(name, {}, input=x, output=output, cotangent=w, d_input=dx))
    write("activations", cases)


def dense():
    use_precision("float64")
    random, cases = Random(4), []
    for activation in ["linear", "relu", "softmax", "gelu"]:
        for shape in [(4, 5), (2, 3, 5)]:
            settings = dict(units=3, activation=activation)
            layer = keras.layers.Dense(3, activation=activation)
            cases.append(layer_case(f"{activation} {shape}", settings, layer, random(*shape), random, ["kernel", "bias"]))
    write("dense", cases)


def batchnorm():
    use_precision("float64")
    random, cases = Random(5), []
    for shape in [(6, 4), (3, 4, 5, 2)]:
        layer = keras.layers.BatchNormalization()
        layer.build((None, *shape[1:]))
        channels = shape[-1]
        before = [random(channels), random(channels), random(channels), random(channels, low=0.5, high=2)]
        layer.set_weights(before)
        x, w = random(*shape, low=1, high=3), random(*shape)
        inference = layer(x, training=False).numpy()
        variable = tf.Variable(x)
        with tf.GradientTape() as tape:
            output = layer(variable, training=True)
            total = tf.reduce_sum(output * w)
        dx, dgamma, dbeta = tape.gradient(total, [variable] + [v.value for v in layer.trainable_weights])
        after = layer.get_weights()
        cases.append(
            case(
                str(shape), dict(momentum=layer.momentum, epsilon=layer.epsilon), input=x, cotangent=w,
                gamma=before[0], beta=before[1], moving_mean=before[2], moving_variance=before[3],
                moving_mean_after=after[2], moving_variance_after=after[3], output=output.numpy(),
                inference=inference, d_input=dx.numpy(), d_gamma=dgamma.numpy(), d_beta=dbeta.numpy(),
            )
        )
    write("batchnorm", cases)


# Whole trainings: the document's CNN without dropout, from weights that both sides compute.

MASK = (1 << 64) - 1


def splitmix(x):
    z = (x + 0x9E3779B97F4A7C15) & MASK
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
    return z ^ (z >> 31)


def initial_weights(shapes):
    """Element i of tensor t: u·s with u of 24 bits in [-1/2, 1/2) from splitmix64(t·2³² + i) and s a power of
    two near twice Glorot's limit; biases zero. Exact in float32."""
    weights = []
    for t, shape in enumerate(shapes):
        if len(shape) == 1:
            weights.append(np.zeros(shape))
            continue
        window = int(np.prod(shape[:-2]))
        limit = 2 * (6 / (window * (shape[-2] + shape[-1]))) ** 0.5
        scale = 2.0 ** round(np.log2(limit))
        values = [((splitmix((t << 32) + i) >> 40) / 2**24 - 0.5) * scale for i in range(int(np.prod(shape)))]
        weights.append(np.array(values).reshape(shape))
    return weights


def sample_batches():
    def read(name, offset):
        with gzip.open(os.path.join(SAMPLE, name)) as file:
            return np.frombuffer(file.read(), np.uint8, offset=offset)

    images = read("train-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1)
    labels = read("train-labels-idx1-ubyte.gz", 8)
    count = len(labels)
    for step in range(100):
        chosen = [(32 * step + i) % count for i in range(32)]
        yield images[chosen], labels[chosen]


def train(precision, optimizer, steps):
    use_precision(precision)
    L = keras.layers
    model = keras.Sequential(
        [
            keras.Input((28, 28, 1)), L.Conv2D(32, (3, 3)), L.Activation("relu"), L.MaxPooling2D((2, 2)),
            L.Conv2D(64, (3, 3)), L.Activation("relu"), L.MaxPooling2D((2, 2)), L.Flatten(),
            L.Dense(64, activation="relu"), L.Dense(10, activation="softmax"),
        ]
    )
    model.set_weights(initial_weights([w.shape for w in model.weights]))
    model.compile(optimizer=optimizer(), loss="sparse_categorical_crossentropy")
    losses = []
    for step, (images, labels) in zip(range(steps), sample_batches()):
        model.reset_metrics()
        losses.append(float(model.train_on_batch(images.astype(precision) / 255, labels)))
    return losses, model.get_weights()


def train_in_torch(steps):
    """The same in PyTorch, to see that Keras's figures are no accident."""
    import torch
    from torch.nn import functional as F

    torch.set_default_dtype(torch.float64)
    shapes = [(3, 3, 1, 32), (32,), (3, 3, 32, 64), (64,), (1600, 64), (64,), (64, 10), (10,)]
    w = [torch.tensor(x, requires_grad=True) for x in initial_weights(shapes)]
    velocity = [torch.zeros_like(x) for x in w]
    losses = []
    for step, (images, labels) in zip(range(steps), sample_batches()):
        x = torch.tensor(images.astype("float64") / 255).permute(0, 3, 1, 2)
        x = F.max_pool2d(F.relu(F.conv2d(x, w[0].permute(3, 2, 0, 1), w[1])), 2)
        x = F.max_pool2d(F.relu(F.conv2d(x, w[2].permute(3, 2, 0, 1), w[3])), 2)
        x = F.relu(x.permute(0, 2, 3, 1).flatten(1) @ w[4] + w[5]) @ w[6] + w[7]
        loss = F.cross_entropy(x, torch.tensor(labels.astype("int64")))
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, w)
        with torch.no_grad():
            for parameter, v, g in zip(w, velocity, gradients):
                v.mul_(0.875).sub_(0.0625 * g)
                parameter.add_(v)
    return losses


def parity():
    sgd = lambda: keras.optimizers.SGD(learning_rate=0.0625, momentum=0.875)  # noqa: E731
    losses, weights = train("float64", sgd, 100)
    other = train_in_torch(100)
    worst = max(abs(a - b) / abs(a) for a, b in zip(losses, other))
    print(f"parity: Keras and PyTorch agree to {worst:.1e} relative")
    assert worst < 1e-12
    tensors = {"losses": losses}
    for t, w in enumerate(weights):
        flat = w.reshape(-1)
        signs = np.array([1.0 if splitmix(i) >> 63 == 0 else -1.0 for i in range(flat.size)])
        stride = -(-flat.size // 256)
        tensors[f"weight{t}_shape"] = w.shape
        # Sum, sum of squares, and the sum with signs by the first bit of splitmix64(i).
        tensors[f"weight{t}_sums"] = [flat.sum(), (flat**2).sum(), (flat * signs).sum()]
        tensors[f"weight{t}_samples"] = flat[::stride]
    cases = [case("sgd-float64", dict(learning_rate=0.0625, momentum=0.875, batch=32, steps=100), **tensors)]
    for name, optimizer in [("sgd", sgd), ("adam", keras.optimizers.Adam)]:
        losses, _ = train("float32", optimizer, 10)
        cases.append(case(f"{name}-float32", dict(batch=32, steps=10), losses=losses))
    write("parity", cases)


FILES = dict(
    conv2d=conv2d, separable=separable, pooling=pooling, globalpooling=globalpooling, activations=activations,
    dense=dense, batchnorm=batchnorm, parity=parity,
    merging=merging, graph=graph,
)

if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    for name in sys.argv[1:] or FILES:
        FILES[name]()
