"""Golden values of keras.utils.FeatureSpace, which Keras computes by TensorFlow.

    pip install tensorflow-cpu keras
    python feature_space.py         # into ../CitiusTestSupport/Golden/feature_space.json

A case is a space as Keras describes it before it is adapted, the columns it is adapted on and called on (the last ones
hold what it has not seen), and each encoded feature, or all in one vector.
"""

import json
import os

os.environ["KERAS_BACKEND"] = "tensorflow"

from support import case, keras, np, write  # noqa: E402

FS = keras.utils.FeatureSpace
COLUMNS = {
    "zone": [3, 3, 7, 5, 7, 3],
    "age": [20.5, 31.0, 44.25, 58.0, 23.0, 39.5],
    "city": ["Rome", "Oslo", "Rome", "Bern", "Oslo", "Rome"],
    "income": [1.0, 2.5, 0.25, 7.0, 3.0, 4.0],
}
NEW = {"zone": [7, 4, 3], "age": [33.0, 70.0, 20.5], "city": ["Oslo", "", "Größe"], "income": [2.0, -1.0, 9.0]}
CASES = []


def add(name, features, crosses=(), output_mode="concat"):
    space = FS(features(), crosses=list(crosses), output_mode=output_mode)
    settings = {"configuration": json.dumps(space.get_config())}
    names = list(space.features)
    space.adapt({key: np.array(COLUMNS[key]) for key in names})
    tensors = {}
    for prefix, columns in [("adapted", COLUMNS), ("new", NEW)]:
        encoded = space({key: np.array(columns[key]) for key in names})
        encoded = {"": encoded} if output_mode == "concat" else encoded
        tensors |= {f"{prefix}_{key}": np.asarray(value) for key, value in encoded.items()}
    CASES.append(case(name, settings, **tensors))


KINDS = {"zone": "integer_categorical", "age": "float_normalized", "city": "string_categorical", "income": "float"}
add("by names", lambda: KINDS)
add("crossed", lambda: KINDS, [("city", "zone"), FS.cross(("zone", "city"), 5)])
add(
    "with arguments",
    lambda: {
        "zone": FS.integer_categorical(max_tokens=3, num_oov_indices=2), "city": FS.string_hashed(4),
        "age": FS.float_discretized(3), "income": FS.float_rescaled(0.5, 2.0),
    },
    [FS.cross(("age", "city"), 7)],
)
add("hashed", lambda: {"zone": FS.integer_hashed(6), "age": FS.float_discretized(4)})
add(
    "dict",
    lambda: {
        "zone": FS.integer_categorical(output_mode="int"), "city": FS.string_categorical(), "income": FS.float(),
        "age": FS.float_discretized(3, output_mode="int"),
    },
    [FS.cross(("city", "zone"), 8, output_mode="int")],
    output_mode="dict",
)
write("feature_space", CASES)
