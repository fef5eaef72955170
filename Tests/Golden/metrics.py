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
)


def cases(name):
    random = Random(sum(map(ord, name)))
    for make, data in METRICS[name]:
        for weights in [None, random(8, low=0.2, high=2)]:
            use_precision("float32")
            settings = configuration(make())
            use_precision("float64")
            metric = make()
            prediction, target = data(random)
            # TensorFlow has no in_top_k of float64; float32 holds these numbers exactly.
            given = prediction.astype("float32") if "TopK" in name else prediction
            # Two batches, one of five samples and one of three.
            for part in (slice(0, 5), slice(5, 8)):
                metric.update_state(
                    target[part], given[part], sample_weight=None if weights is None else weights[part]
                )
            yield case(
                name, settings, prediction=prediction, target=target, sample_weight=weights,
                value=float(metric.result()),
            )


if __name__ == "__main__":
    for name in sys.argv[1:] or METRICS:
        write(f"metrics/{name}", list(cases(name)))
