"""Golden values of metrics and their descriptions: a file for each, metrics/NAME.json.

    python metrics.py                       # all
    python metrics.py MeanSquaredError      # one
"""

import sys

from support import Random, case, configuration, keras, np, use_precision, write

M = keras.metrics
LABELS = np.array([0, 3, 1, 2, 2, 0, 1, 3])


def label_scores(random):
    return random(8, 4, low=0), LABELS


def class_scores(random):
    return random(8, 4, low=0), np.eye(4)[LABELS]


def binary_scores(random):
    return random(8, 4, low=0), (random(8, 4) > 0).astype("float64")


def values(random):
    return random(8, 4, low=0.5, high=2), random(8, 4, low=0.5, high=2)


def probabilities(random):
    return random(8, 4, low=0), (random(8, 4) > 0).astype("float64")


def beyond(random):
    """Predictions that are no probabilities, some on the thresholds."""
    return np.round(random(8, 4, low=-0.5, high=1.5) * 4) / 4, (random(8, 4) > 0).astype("float64")


def logits(random):
    return random(8, 4, low=-3, high=3), (random(8, 4) > 0).astype("float64")


def distributions(random):
    exponentials = np.exp(random(8, 4))
    return exponentials / exponentials.sum(-1, keepdims=True), np.eye(4)[LABELS]


def label_distributions(random):
    return distributions(random)[0], LABELS


def label_logits(random):
    return random(8, 4, low=-3, high=3), LABELS


def two_distributions(random):
    return distributions(random)[0], distributions(random)[0]


def signs(random):
    return random(8, 4, low=-2, high=2), np.where(random(8, 4) > 0, 1.0, -1.0)


def classes(random):
    """Some outside of the classes."""
    return np.array([0, 3, 1, 2, 1, 0, 1, 5]), np.array([0, 3, 1, 2, 2, 0, 4, 3])


def grids(random):
    return random(8, 2, 3), np.eye(3)[np.arange(16).reshape(8, 2) * 7 % 3]


def far(random):
    """A large mean, beside which the variance is small."""
    return 1000 + random(8, 2), 1000 + random(8, 2)


METRICS = dict(
    SparseCategoricalAccuracy=[(M.SparseCategoricalAccuracy, label_scores)],
    CategoricalAccuracy=[(M.CategoricalAccuracy, class_scores)],
    BinaryAccuracy=[(M.BinaryAccuracy, binary_scores), (lambda: M.BinaryAccuracy(threshold=0.25), binary_scores)],
    TopKCategoricalAccuracy=[(lambda: M.TopKCategoricalAccuracy(k=2), class_scores), (M.TopKCategoricalAccuracy, class_scores)],
    SparseTopKCategoricalAccuracy=[(lambda: M.SparseTopKCategoricalAccuracy(k=k, name="best"), label_scores) for k in (1, 2)],
    MeanSquaredError=[(M.MeanSquaredError, values)],
    RootMeanSquaredError=[(M.RootMeanSquaredError, values)],
    MeanAbsoluteError=[(M.MeanAbsoluteError, values)],
    MeanAbsolutePercentageError=[(M.MeanAbsolutePercentageError, values)],
    MeanSquaredLogarithmicError=[(M.MeanSquaredLogarithmicError, values)],
    LogCoshError=[(M.LogCoshError, values)],
    KLDivergence=[(M.KLDivergence, two_distributions)],
    Poisson=[(M.Poisson, values)],
    Hinge=[(M.Hinge, signs)],
    SquaredHinge=[(M.SquaredHinge, signs)],
    CategoricalHinge=[(M.CategoricalHinge, class_scores)],
    BinaryCrossentropy=[
        (M.BinaryCrossentropy, probabilities), (lambda: M.BinaryCrossentropy(from_logits=True, label_smoothing=0.1), logits),
    ],
    CategoricalCrossentropy=[
        (M.CategoricalCrossentropy, distributions),
        (lambda: M.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1), class_scores),
    ],
    SparseCategoricalCrossentropy=[
        (M.SparseCategoricalCrossentropy, label_distributions),
        (lambda: M.SparseCategoricalCrossentropy(from_logits=True), label_logits),
    ],
    CosineSimilarity=[(M.CosineSimilarity, signs)],
    PearsonCorrelation=[(M.PearsonCorrelation, values)],
    ConcordanceCorrelation=[(M.ConcordanceCorrelation, values)],
    R2Score=[
        (M.R2Score, values), (lambda: M.R2Score(class_aggregation=None), values),
        (lambda: M.R2Score(class_aggregation="variance_weighted_average", num_regressors=2), far),
    ],
    **{
        name: [
            (make, probabilities), (lambda make=make: make(thresholds=0.3), beyond),
            (lambda make=make: make(thresholds=[0.7, 0.25]), beyond),
            (lambda make=make: make(thresholds=[0.0, 0.25, 0.5, 0.75, 1.0]), beyond),
        ]
        for name, make in dict(
            TruePositives=M.TruePositives, TrueNegatives=M.TrueNegatives, FalsePositives=M.FalsePositives,
            FalseNegatives=M.FalseNegatives,
        ).items()
    },
    **{
        name: [
            (make, probabilities), (lambda make=make: make(thresholds=[0.7, 0.25]), beyond),
            (lambda make=make: make(top_k=2), logits), (lambda make=make: make(top_k=2, class_id=1, thresholds=0.5), probabilities),
            (lambda make=make: make(class_id=3), probabilities),
        ]
        for name, make in dict(Precision=M.Precision, Recall=M.Recall).items()
    },
    **{
        name: [
            (lambda make=make: make(0.5), probabilities), (lambda make=make: make(0.625, num_thresholds=5), beyond),
            (lambda make=make: make(0.375, num_thresholds=1, class_id=2), probabilities),
        ]
        for name, make in dict(
            PrecisionAtRecall=M.PrecisionAtRecall, RecallAtPrecision=M.RecallAtPrecision,
            SensitivityAtSpecificity=M.SensitivityAtSpecificity, SpecificityAtSensitivity=M.SpecificityAtSensitivity,
        ).items()
    },
    AUC=[
        *[
            (lambda curve=curve, method=method: M.AUC(curve=curve, summation_method=method), probabilities)
            for curve in ("ROC", "PR", "PRGAIN") for method in ("interpolation", "majoring", "minoring")
        ],
        (lambda: M.AUC(from_logits=True, num_thresholds=7), logits),
        (lambda: M.AUC(thresholds=[0.6, 0.1, 0.35]), beyond),
        (lambda: M.AUC(thresholds=[0.25, 0.5, 0.75]), beyond),
        (lambda: M.AUC(multi_label=True, num_thresholds=20), probabilities),
        (lambda: M.AUC(multi_label=True, num_labels=4, curve="PR", label_weights=[1.0, 2.0, 0.5, 3.0]), probabilities),
        (lambda: M.AUC(label_weights=[1.0, 2.0, 0.5, 3.0]), probabilities),
    ],
    F1Score=[
        (M.F1Score, class_scores), (lambda: M.F1Score(average="macro", threshold=0.4), probabilities),
        (lambda: M.F1Score(average="micro"), probabilities), (lambda: M.F1Score(average="weighted"), probabilities),
    ],
    FBetaScore=[
        (M.FBetaScore, class_scores), (lambda: M.FBetaScore(average="macro", beta=2.0, threshold=0.4), probabilities),
        (lambda: M.FBetaScore(average="micro", beta=0.5), probabilities),
        (lambda: M.FBetaScore(average="weighted", beta=0.5), probabilities),
    ],
    IoU=[
        (lambda **k: M.IoU(4, [0, 2, 3], **k), classes), (lambda **k: M.IoU(4, [1], ignore_class=2, **k), classes),
        (lambda **k: M.IoU(3, [0, 1], sparse_y_true=False, sparse_y_pred=False, **k), grids),
    ],
    MeanIoU=[(lambda **k: M.MeanIoU(6, **k), classes), (lambda **k: M.MeanIoU(6, ignore_class=0, **k), classes)],
    OneHotIoU=[(lambda **k: M.OneHotIoU(4, [0, 2], **k), class_scores)],
    OneHotMeanIoU=[(lambda **k: M.OneHotMeanIoU(4, **k), class_scores)],
    BinaryIoU=[(M.BinaryIoU, probabilities), (lambda **k: M.BinaryIoU(target_class_ids=[1], threshold=0.25, **k), beyond)],
    Sum=[(M.Sum, values)],
    MeanMetricWrapper=[
        (lambda: M.MeanMetricWrapper(keras.losses.huber, name="far", delta=0.25), values),
        (lambda: M.MeanMetricWrapper(keras.losses.mean_absolute_error, name="near"), values),
    ],
)


def cases(name):
    random = Random(sum(map(ord, name)))
    for make, data in METRICS[name]:
        for weights in [None, random(8, low=0.2, high=2)]:
            use_precision("float32")
            settings = configuration(make())
            use_precision("float64")
            # Intersections are counted in whole numbers, which cut off the weights.
            metric = make(dtype="float64") if "IoU" in name else make()
            prediction, target = data(random)
            # TensorFlow has no in_top_k of float64; float32 holds these numbers exactly.
            given = prediction.astype("float32") if "TopK" in name else prediction
            # Two batches, one of five samples and one of three.
            for part in (slice(0, 5), slice(5, 8)):
                part_weights = None if weights is None else weights[part]
                if name == "Sum":
                    metric.update_state(given[part], sample_weight=part_weights)
                    continue
                if part_weights is not None and "IoU" in name:
                    # One for each element there is a class of.
                    elements = given[part][..., 0] if "OneHot" in name or given.ndim == 3 else given[part]
                    part_weights = np.broadcast_to(
                        part_weights.reshape(-1, *[1] * (elements.ndim - 1)), elements.shape
                    )
                metric.update_state(target[part], given[part], sample_weight=part_weights)
            yield case(
                name, settings, prediction=prediction, target=target, sample_weight=weights,
                value=np.asarray(metric.result(), dtype="float64").reshape(-1),
            )


if __name__ == "__main__":
    for name in sys.argv[1:] or METRICS:
        write(f"metrics/{name}", list(cases(name)))
