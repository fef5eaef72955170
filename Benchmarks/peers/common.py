"""What the rivals' scripts share: arguments, data, clocks, and the line of JSON at the end."""

import argparse
import gzip
import json
import os
import resource
import statistics
import sys
import time


def process_age():
    """Seconds since this process was started, to 10 ms."""
    with open("/proc/self/stat") as file:
        started = int(file.read().rsplit(")", 1)[1].split()[19]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


# Models of images of 3 channels of 32×32 pixels: those of Fashion-MNIST in the middle.
COLOR_MODELS = ["vgg-bn", "resnet-20", "mobilenet"]


def arguments(models=("document-cnn",), **extra):
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", default="document-cnn", choices=models)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--samples", type=int, default=60000)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--data", default="/usr/share/datasets/fashion-mnist")
    parser.add_argument("--seed", type=int, default=1)
    for name, settings in extra.items():
        parser.add_argument("--" + name, **settings)
    return parser.parse_args()


def load(options):
    """(training images, labels), (test images, labels): bytes [n, height, width, channels]."""
    import numpy as np

    def read(name, offset):
        with gzip.open(os.path.join(options.data, name + "-ubyte.gz")) as file:
            return np.frombuffer(file.read(), np.uint8, offset=offset)

    def part(name, count=None):
        images = read(f"{name}-images-idx3", 16).reshape(-1, 28, 28, 1)[:count]
        if options.model in COLOR_MODELS:
            images = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0))).repeat(3, axis=3)
        return images, read(f"{name}-labels-idx1", 8)[:count]

    return part("train", options.samples), part("t10k")


def sequences(options):
    """The same for models of sequences: random numbers, of which only the sizes matter."""
    import numpy as np

    random = np.random.default_rng(1)
    name = options.model

    def part(count):
        if name in ("embedding", "text-cnn"):
            return random.integers(0, 20_000, (count, 128)), random.integers(0, 10, count)
        if name in ("lstm", "gru", "transformer"):
            steps = 128 if name == "transformer" else 64
            return random.uniform(-1, 1, (count, steps, 128)).astype("float32"), random.integers(0, 10, count)
        tokens = random.integers(0, 96, (count, 129))
        return np.ascontiguousarray(tokens[:, :-1]), np.ascontiguousarray(tokens[:, 1:])

    sizes = {"embedding": (20_000, 2_000), "text-cnn": (4_096, 1_024), "lstm": (4_096, 1_024), "gru": (4_096, 1_024)}
    train, test = (part(count) for count in sizes.get(name, (1_024, 256)))
    train = tuple(part[: options.samples] for part in train)
    options.samples = len(train[0])
    return train, test


def measure(peer, options, startup, epoch, evaluate, predict, parameters=None):
    """Times the three functions and prints the result. `epoch` trains one pass (or is None), `evaluate` goes
    over the test images, `predict` over one image; `parameters` is how many numbers the model learns."""
    count = options.samples
    rates = []
    if epoch:
        for number in range(options.epochs):
            start = time.perf_counter()
            epoch()
            rates.append(count / (time.perf_counter() - start))
            print(f"{peer}: epoch {number + 1}: {rates[-1]:.0f} images/s", file=sys.stderr)
    evaluations = []
    for _ in range(3):
        start = time.perf_counter()
        images = evaluate()
        evaluations.append(images / (time.perf_counter() - start))
    latencies = []
    for call in range(350):
        start = time.perf_counter()
        predict()
        if call >= 50:
            latencies.append((time.perf_counter() - start) * 1e6)
    print(
        json.dumps(
            {
                "peer": peer,
                "model": options.model,
                "batch_size": options.batch_size,
                "threads": options.threads,
                "parameters": parameters,
                "images_per_second": max(rates) if rates else None,
                "median_images_per_second": statistics.median(rates) if rates else None,
                "evaluation_images_per_second": max(evaluations),
                "latency_us": statistics.median(latencies),
                "peak_memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6,
                "startup_ms": startup * 1e3,
            }
        )
    )
