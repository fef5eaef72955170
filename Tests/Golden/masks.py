"""Sequences with masks in whole models: losses, metrics and steps of Keras on JAX in float64."""

import layers  # noqa: F401  (sets Keras up)
from support import Random, case, keras, np, use_precision, write

if __name__ == "__main__":
    use_precision("float64")
    random, L, cases = Random(31), keras.layers, []
    x = random(4, 5, 3)
    x[0, 3:] = x[1, 1:] = x[3, :] = 0
    labels = np.array([[0, 1, 2, 0, 1], [2, 0, 0, 1, 1], [1, 1, 2, 2, 0], [0, 0, 1, 2, 2]])
    weights = {"none": None, "samples": np.array([[0.5], [2.0], [1.0], [0.25]]), "steps": random(4, 5, low=0.25, high=2.0)}
    for kind in ["numbers", "classes"]:
        for name, sample_weight in weights.items():
            entry = keras.Input((5, 3))
            last = L.Dense(2) if kind == "numbers" else L.Dense(3, activation="softmax")
            model = keras.Model(entry, last(L.Dense(4, activation="tanh")(L.Masking()(entry))))
            values = [random(*w.shape) for w in model.weights]
            model.set_weights(values)
            y = random(4, 5, 2) if kind == "numbers" else labels
            loss, metric = ("mse", "mae") if kind == "numbers" else ("sparse_categorical_crossentropy", "accuracy")
            model.compile(
                optimizer=keras.optimizers.SGD(0.5), loss=loss, metrics=[metric], weighted_metrics=[metric])
            scores = model.evaluate(x, y, sample_weight=sample_weight, batch_size=4, verbose=0)
            # The loss, the metric, and the metric by weights, which comes last.
            scores = [scores[0], scores[1], scores[-1]]
            losses = []
            for _ in range(3):
                model.reset_metrics()
                losses.append(float(model.train_on_batch(x, y, sample_weight=sample_weight)[0]))
            tensors = {f"weight{i}": w for i, w in enumerate(values)}
            tensors |= {f"weight{i}_after": w for i, w in enumerate(model.get_weights())}
            cases.append(
                case(f"{kind} {name}", {"kind": kind}, inputs=x, targets=y, sample_weights=sample_weight,
                     scores=scores, losses=losses, **tensors))
    write("masks", cases)
