"""Roads to a test accuracy on Fashion-MNIST in Keras on TensorFlow and in PyTorch: the recipe of
`Examples/fastest-fashion-mnist/Road.swift`, or the document's plain program, epoch by epoch.

    python record.py --framework keras|pytorch [--target 90] [--plain] [--seed N]

`Examples/fastest-fashion-mnist/run` starts it and keeps the time. Batches are whole ones, so that Keras compiles its
steps once.
"""

import json
import math
import os
import time

import common

options = common.arguments(
    framework=dict(required=True, choices=["keras", "pytorch"]),
    target=dict(type=int, default=90),
    plain=dict(action="store_true"),
)

# As in Road.swift.
ROADS = {
    90: dict(steps=1800, peak=0.006, beta2=0.99, averaging=0.98, pruning=0.6, mirrors=False, widths=(16, 32, 128)),
    92: dict(steps=6560, peak=0.004, beta2=0.999, averaging=0.99, pruning=0, mirrors=True, widths=(32, 64, 128)),
}
BATCH, PLAIN_BATCH, TEST_BATCH = 64, 32, 250
PLAIN_WIDTHS = (32, 64, 64)
MEAN, DEVIATION = 0.286, 0.353
# Epochs after which the plain program gives up.
LONGEST_PLAIN_TRAINING = 30


def one_cycle(step, steps, peak, warmup=0.15, divisor=10, final_divisor=10):
    """As PyTorch's OneCycleLR, which Citius's OneCycle follows."""
    top, last, first = warmup * steps - 1, steps - 1, peak / divisor
    start, end, fraction = (first, peak, step / top) if step <= top else (
        peak, first / final_divisor, (step - top) / (last - top))
    return end + (start - end) / 2 * (1 + math.cos(math.pi * fraction))


def passes(losses, road, random):
    """InfoBatch (arXiv 2303.04947) as `CitiusTechniques` has it: (samples, weights) of each pass in whole batches. A
    sample whose last loss, in `losses()`, is below the mean is left out at random, or counts for more."""
    import numpy as np

    step = 0
    while step < road["steps"]:
        known = losses()
        learned = known < known[np.isfinite(known)].mean() if step > 0 and step < 0.875 * road["steps"] else (
            np.zeros(len(known), bool))
        kept = np.flatnonzero(~learned | (random.random(len(known)) >= road["pruning"]))
        random.shuffle(kept)
        kept = kept[: min(len(kept) // BATCH, road["steps"] - step) * BATCH]
        yield kept, np.where(learned[kept], 1 / (1 - road["pruning"]), 1).astype("float32")
        step += len(kept) // BATCH


def keras_run():
    os.environ["KERAS_BACKEND"] = "tensorflow"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import keras
    import numpy as np
    import tensorflow as tf
    from keras import layers

    tf.config.threading.set_intra_op_parallelism_threads(options.threads)
    keras.utils.set_random_seed(options.seed)
    (images, labels), (test_images, test_labels) = common.load(options)
    images, test_images = images.astype("float32") / 255, test_images.astype("float32") / 255
    road = ROADS[options.target]
    mirrors = road["mirrors"] and not options.plain
    first, second, dense = PLAIN_WIDTHS if options.plain else road["widths"]
    model = keras.Sequential([
        keras.Input((28, 28, 1)),
        *([layers.RandomFlip("horizontal")] if mirrors else []),
        *([] if options.plain else [layers.Rescaling(1 / DEVIATION, -MEAN / DEVIATION)]),
        layers.Conv2D(first, 3, activation="relu"), layers.MaxPooling2D(2),
        layers.Conv2D(second, 3, activation="relu"), layers.MaxPooling2D(2),
        layers.Flatten(), layers.Dense(dense, activation="relu"),
        *([layers.Dropout(0.25)] if options.plain else []),
        layers.Dense(10, activation="softmax"),
    ])

    def accuracy():
        probabilities = model.predict(test_images, batch_size=TEST_BATCH, verbose=0)
        if mirrors:
            probabilities += model.predict(test_images[:, :, ::-1], batch_size=TEST_BATCH, verbose=0)
        return float((probabilities.argmax(1) == test_labels).mean())

    if options.plain:
        model.compile("adam", "sparse_categorical_crossentropy")
        return until_reached(lambda: model.fit(images, labels, batch_size=PLAIN_BATCH, verbose=0), accuracy)

    losses = tf.Variable(tf.fill([len(images)], math.inf))

    def loss(targets, probabilities):
        """A target is a label and the sample's place, where its loss is kept."""
        own = keras.losses.sparse_categorical_crossentropy(targets[:, 0], probabilities)
        losses.scatter_update(tf.IndexedSlices(own, tf.cast(targets[:, 1], tf.int32)))
        return own

    class Schedule(keras.optimizers.schedules.LearningRateSchedule):
        rates = [one_cycle(step, road["steps"], road["peak"]) for step in range(road["steps"])]

        def __call__(self, step):
            return tf.gather(tf.constant(self.rates), tf.cast(step, tf.int32))

    # `fit` leaves the averages in the model, also between two passes.
    model.compile(
        keras.optimizers.Adam(Schedule(), beta_2=road["beta2"], use_ema=True, ema_momentum=road["averaging"]), loss)
    targets = np.stack([labels, np.arange(len(labels))], axis=1).astype("int32")
    for kept, weights in passes(losses.numpy, road, np.random.default_rng(options.seed)):
        model.fit(
            images[kept], targets[kept], sample_weight=weights, batch_size=BATCH, shuffle=False, verbose=0)
    return dict(test_accuracy=accuracy(), seconds_off_the_clock=0.0)


def pytorch_run():
    import numpy as np
    import torch
    from torch import nn
    from torch.nn import functional as F

    torch.set_num_threads(options.threads)
    torch.manual_seed(options.seed)
    (images, labels), (test_images, test_labels) = common.load(options)
    road = ROADS[options.target]
    mirrors = road["mirrors"] and not options.plain

    def tensor(pixels):
        x = torch.tensor(pixels).permute(0, 3, 1, 2).float() / 255
        return (x if options.plain else (x - MEAN) / DEVIATION).contiguous()

    x, y = tensor(images), torch.tensor(labels).long()
    test_x, test_y = tensor(test_images), torch.tensor(test_labels).long()
    first, second, dense = PLAIN_WIDTHS if options.plain else road["widths"]
    model = nn.Sequential(
        nn.Conv2d(1, first, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(first, second, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(25 * second, dense), nn.ReLU(), *([nn.Dropout(0.25)] if options.plain else []),
        nn.Linear(dense, 10),
    )
    for module in model:
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(module.weight)
            nn.init.zeros_(module.bias)
    optimizer = torch.optim.Adam(
        model.parameters(), lr=1e-3, betas=(0.9, 0.999 if options.plain else road["beta2"]), eps=1e-7)

    def step(batch, weigh=lambda losses: losses):
        inputs = x[batch]
        if mirrors:
            inputs = torch.where(torch.rand(len(batch), 1, 1, 1) < 0.5, inputs.flip(3), inputs)
        losses = weigh(F.cross_entropy(model(inputs), y[batch], reduction="none"))
        optimizer.zero_grad(set_to_none=True)
        losses.mean().backward()
        optimizer.step()

    def accuracy():
        model.eval()
        with torch.inference_mode():
            right = 0
            for inputs, targets in zip(test_x.split(TEST_BATCH), test_y.split(TEST_BATCH)):
                probabilities = model(inputs).softmax(1)
                if mirrors:
                    probabilities += model(inputs.flip(3)).softmax(1)
                right += int((probabilities.argmax(1) == targets).sum())
        model.train()
        return right / len(test_y)

    if options.plain:
        return until_reached(lambda: [step(b) for b in torch.randperm(len(x)).split(PLAIN_BATCH)], accuracy)
    last_losses = torch.full([len(x)], math.inf)
    parameters = [p.detach() for p in model.parameters()]
    averages, number = None, 0
    for kept, weights in passes(last_losses.numpy, road, np.random.default_rng(options.seed)):
        for batch, weight in zip(torch.tensor(kept).split(BATCH), torch.tensor(weights).split(BATCH)):
            def weigh(losses):
                last_losses[batch] = losses.detach()
                return losses * weight

            optimizer.param_groups[0]["lr"] = one_cycle(number, road["steps"], road["peak"])
            step(batch, weigh)
            if averages is None:
                averages = [value.clone() for value in parameters]
            torch._foreach_lerp_(averages, parameters, 1 - road["averaging"])
            number += 1
    with torch.no_grad():
        for parameter, average in zip(parameters, averages):
            parameter.copy_(average)
    return dict(test_accuracy=accuracy(), seconds_off_the_clock=0.0)


def until_reached(train, accuracy):
    """Epoch by epoch; evaluations, but for the last, are off the clock."""
    off = 0.0
    for _ in range(LONGEST_PLAIN_TRAINING):
        train()
        start = time.monotonic()
        reached = accuracy()
        if reached >= options.target / 100:
            break
        off += time.monotonic() - start
    return dict(test_accuracy=reached, seconds_off_the_clock=off)


print(json.dumps(keras_run() if options.framework == "keras" else pytorch_run()))
