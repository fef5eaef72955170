"""Writes what Keras's callbacks do with given logs to Tests/CitiusTestSupport/Golden/callbacks/NAME.json."""

import os
import tempfile

os.environ.setdefault("KERAS_BACKEND", "numpy")

from support import case, keras, np, write  # noqa: E402


def compiled():
    model = keras.Sequential([keras.layers.Input((1,)), keras.layers.Dense(1)])
    model.compile(optimizer=keras.optimizers.SGD(1.0), loss="mse")
    return model


def plateau(name, values, **settings):
    model = compiled()
    callback = keras.callbacks.ReduceLROnPlateau(monitor="watched", **settings)
    callback.set_model(model)
    callback.on_train_begin()
    rates = []
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {"watched": value})
        rates.append(float(np.asarray(model.optimizer.learning_rate)))
    return case(name, settings, values=values, rates=rates)


write(
    "callbacks/ReduceLROnPlateau",
    [
        plateau("patience", [3, 2, 2, 2, 2, 2, 1, 1, 1], mode="min", factor=0.5, patience=2),
        plateau("zero patience", [3, 2, 2, 1], mode="min", factor=0.5, patience=0),
        plateau("highest", [1, 2, 3, 2, 5, 4, 4], mode="max", factor=0.25, patience=1),
        plateau("cooldown", [1] * 12, mode="min", factor=0.5, patience=2, cooldown=3),
        plateau("cooldown of an improvement", [3, 3, 3, 2, 2, 2, 2, 2], mode="min", factor=0.5, patience=1, cooldown=2),
        plateau("least rate", [1] * 8, mode="min", factor=0.5, patience=1, min_lr=0.2),
        plateau("small changes", [3, 2.9, 2.8, 2.7, 2.6, 2.5], mode="min", factor=0.5, patience=2, min_delta=0.25),
        plateau("default change", [1, 0.99995, 0.9998, 0.9997], mode="min", factor=0.5, patience=1),
    ],
)


def csv(name, logs, **settings):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "log.csv")
        before = settings.pop("before", "")
        if before:
            with open(path, "w", newline="") as file:
                file.write(before)
        callback = keras.callbacks.CSVLogger(path, **settings)
        callback.set_model(compiled())
        callback.on_train_begin()
        for epoch, scores in enumerate(logs):
            callback.on_epoch_end(epoch, scores)
        callback.on_train_end()
        with open(path, newline="") as file:
            text = file.read()
    names = sorted({name for scores in logs for name in scores})
    nothing = -1.0
    table = [[scores.get(name, nothing) for name in names] for scores in logs]
    settings = {"append": False, "separator": ",", **settings}
    return case(name, {**settings, "before": before, "names": "|".join(names), "text": text}, table=table)


scores = [{"loss": 0.5, "accuracy": 0.25}, {"loss": 1e-7, "accuracy": 1.0}]
validated = [{**s, "val_loss": 0.125, "val_accuracy": 0.75} for s in scores]
write(
    "callbacks/CSVLogger",
    [
        csv("without validation", scores),
        csv("validation", validated),
        csv("validation at times", [scores[0], validated[1]]),
        csv("a value is missing", [validated[0], {"loss": 3.0}]),
        csv("separator", validated, separator=";"),
        csv("begun anew", scores, before="old\r\n"),
        csv("appended", scores, before="epoch,accuracy,loss\r\n0,0.0,1.0\r\n", append=True),
        csv("nothing to append to", scores, append=True),
        csv("names with commas", [{'a,"b"': 1.0}]),
    ],
)
