"""Writes golden values of whole models, from Keras on TensorFlow, for Citius's tests. Those of layers: layers.py.

    pip install -r requirements.txt
    python generate.py            # all files, into ../CitiusTestSupport/Golden
    python generate.py graph      # one of them
"""

import gzip
import os
import sys

from support import HERE, OUT, Random, case, keras, np, use_precision, write

SAMPLE = os.path.join(HERE, "..", "..", "Sources", "CitiusData", "Resources", "fashion-mnist")


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


FILES = dict(parity=parity, graph=graph)

if __name__ == "__main__":
    os.makedirs(OUT, exist_ok=True)
    for name in sys.argv[1:] or FILES:
        FILES[name]()
