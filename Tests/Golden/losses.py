"""Golden values of losses, their gradients and descriptions: a file for each, losses/NAME.json.

    python losses.py              # all
    python losses.py Huber Dice   # these
    KERAS_BACKEND=jax JAX_ENABLE_X64=1 python losses.py CTC Circle   # TensorFlow has no CTC in float64
"""

import sys

from support import Random, case, configuration, keras, np, use_precision, value_and_gradient, write

use_precision("float64")
K = keras.losses


def values(random):
    return random(5, 3), random(5, 3)


def positive(random):
    return random(5, 3, low=0.1, high=2), random(5, 3, low=0.1, high=2)


def softmax(logits):
    exponentials = np.exp(logits)
    return exponentials / exponentials.sum(-1, keepdims=True)


def distributions(random):
    return softmax(random(5, 3, low=-2, high=2)), softmax(random(5, 3))


def probabilities(random):
    """And targets 0 and 1."""
    return random(5, 3, low=0.05, high=0.95), (random(5, 3) > 0).astype("float64")


def scores(random):
    """And targets 0 and 1."""
    return random(5, 3, low=-3, high=3), (random(5, 3) > 0).astype("float64")


def signs(random):
    return random(5, 3, low=-2, high=2), np.where(random(5, 3) > 0, 1.0, -1.0)


LABELS = np.array([2, 0, 1, 1, 2])


def class_scores(random):
    return random(5, 3, low=-3, high=3), np.eye(3)[LABELS]


def class_probabilities(random):
    return softmax(random(5, 3, low=-3, high=3)), np.eye(3)[LABELS]


def label_scores(random):
    return random(5, 3, low=-3, high=3), LABELS


def label_probabilities(random):
    return softmax(random(5, 3, low=-3, high=3)), LABELS


def sequences(random):
    """Labels of several lengths, some of them repeated, some as long as the steps allow."""
    return random(5, 6, 4, low=-3, high=3), np.array([[1, 2, 3], [2, 2, 0], [3, 0, 0], [0, 0, 0], [3, 3, 3]])


def embeddings(random):
    """The last one has no partner."""
    vectors = random(5, 3)
    return vectors / np.sqrt((vectors**2).sum(-1, keepdims=True)), np.array([0, 1, 0, 1, 2])


LOSSES = dict(
    SparseCategoricalCrossentropy=[
        (K.SparseCategoricalCrossentropy(), label_probabilities),
        (K.SparseCategoricalCrossentropy(from_logits=True), label_scores),
        (K.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2), label_scores),
        (K.SparseCategoricalCrossentropy(ignore_class=1), label_probabilities),
    ],
    CategoricalCrossentropy=[
        (K.CategoricalCrossentropy(), class_probabilities), (K.CategoricalCrossentropy(from_logits=True), class_scores),
        (K.CategoricalCrossentropy(label_smoothing=0.1), class_probabilities),
        (K.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1), class_scores),
    ],
    BinaryCrossentropy=[
        (K.BinaryCrossentropy(), probabilities), (K.BinaryCrossentropy(from_logits=True), scores),
        (K.BinaryCrossentropy(label_smoothing=0.1), probabilities),
        (K.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), scores),
    ],
    MeanSquaredError=[
        (K.MeanSquaredError(), values), (K.MeanSquaredError(reduction="sum"), values),
        (K.MeanSquaredError(reduction="mean"), values), (K.MeanSquaredError(reduction="mean_with_sample_weight"), values),
    ],
    MeanAbsoluteError=[(K.MeanAbsoluteError(), values)],
    MeanAbsolutePercentageError=[(K.MeanAbsolutePercentageError(), positive)],
    MeanSquaredLogarithmicError=[(K.MeanSquaredLogarithmicError(), positive), (K.MeanSquaredLogarithmicError(), values)],
    Huber=[(K.Huber(), values), (K.Huber(delta=0.25), values)],
    LogCosh=[(K.LogCosh(), values)],
    KLDivergence=[(K.KLDivergence(), distributions)],
    Poisson=[(K.Poisson(), positive)],
    CosineSimilarity=[(K.CosineSimilarity(), values)],
    Hinge=[(K.Hinge(), signs), (K.Hinge(), scores)],
    SquaredHinge=[(K.SquaredHinge(), signs), (K.SquaredHinge(), scores)],
    CategoricalHinge=[(K.CategoricalHinge(), class_scores)],
    BinaryFocalCrossentropy=[
        (K.BinaryFocalCrossentropy(), probabilities), (K.BinaryFocalCrossentropy(from_logits=True, gamma=1.5), scores),
        (K.BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.4, label_smoothing=0.1), probabilities),
    ],
    CategoricalFocalCrossentropy=[
        (K.CategoricalFocalCrossentropy(), class_probabilities),
        (K.CategoricalFocalCrossentropy(alpha=0.5, gamma=1.5, from_logits=True, label_smoothing=0.1), class_scores),
    ],
    CategoricalGeneralizedCrossEntropy=[(K.CategoricalGeneralizedCrossEntropy(q=0.75), label_probabilities)],
    Dice=[(K.Dice(), probabilities), (K.Dice(axis=-1), probabilities), (K.Dice(axis=(0, 1)), probabilities)],
    Tversky=[(K.Tversky(), probabilities), (K.Tversky(alpha=0.25, beta=0.75, axis=-1), probabilities)],
    CTC=[(K.CTC(), sequences), (K.CTC(reduction="sum"), sequences)],
    Circle=[
        (K.Circle(), embeddings), (K.Circle(gamma=8.0, margin=0.25), embeddings),
        (K.Circle(gamma=8.0, remove_diagonal=False), embeddings),
    ],
)

# What Keras leaves out of the description, though it reads it.
LEFT_OUT = {"Huber": "delta", "CosineSimilarity": "axis"}


def cases(name):
    random = Random(sum(map(ord, name)))
    for loss, data in LOSSES[name]:
        for weights in [None, random(5, low=0.2, high=2)]:
            prediction, target = data(random)
            value, gradient = value_and_gradient(lambda x: loss(target, x, sample_weight=weights), prediction)
            settings = configuration(loss)
            if name in LEFT_OUT:
                key = LEFT_OUT[name]
                settings[key] = loss._fn_kwargs[key]
            yield case(
                name, settings, prediction=prediction, target=target, sample_weight=weights, value=value, gradient=gradient,
            )


if __name__ == "__main__":
    for name in sys.argv[1:] or LOSSES:
        write(f"losses/{name}", list(cases(name)))
