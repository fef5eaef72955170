"""Golden values of the layers that take strings, and of those that Keras computes by TensorFlow.

    pip install tensorflow-cpu keras
    python text.py             # into ../CitiusTestSupport/Golden/text.json and text/*.keras

A case is a layer of Keras's, as Keras describes it, what it is adapted on, and what it is called on: strings, or whole
numbers; each as JSON, since strings are no tensors.
"""

import json
import os

from support import OUT, case, keras, np, write

import tensorflow as tf
from keras import layers as L

TEXTS = [
    "The quick brown fox jumps over the lazy dog.",
    "the DOG -- it's lazy; don't  wake\tit!\n",
    "",
    "Größe, naïve café; ÀÉ İ ß",
    "emoji 🦊🦊 fox 👩‍👩‍👧 日本語 日本",
    "a_b c-d e.f [g] {h} ~i~ `j` ^k^ $5 100% #tag @me",
    "fox fox fox dog",
    "[UNK] the unknown",
]
WORDS = [["a", "c", "d"], ["d", "z", "b"], ["", "a", "ä"]]
CASES = []


def values(x):
    array = np.asarray(x)
    if array.dtype.kind in "OSU":
        return json.dumps([str(s) for s in (v.decode("utf-8") if isinstance(v, bytes) else v for v in array.reshape(-1))])
    return None


def add(name, make, inputs, adapted=None, output_is_text=False):
    """`inputs`: a list of strings or numbers for each input."""
    layer = make()
    if adapted is not None:
        layer.adapt(adapted)
    arrays = [np.asarray(x) for x in inputs]
    calls = [tf.constant(x) if x.dtype.kind in "OSU" else tf.constant(x, dtype="int64") for x in arrays]
    output = layer(calls[0]) if len(calls) == 1 else layer(calls)
    settings = {"layer": json.dumps(keras.saving.serialize_keras_object(make())), "inputs": len(arrays)}
    tensors = {}
    if adapted is not None:
        adapted = np.asarray(adapted)
        settings["adapted_shape"] = json.dumps(list(adapted.shape))
        if values(adapted):
            settings["adapted"] = values(adapted)
        else:
            tensors["adapted"] = adapted
    if hasattr(layer, "get_vocabulary"):
        settings["vocabulary"] = json.dumps([x if isinstance(x, str) else int(x) for x in layer.get_vocabulary()])
        settings["vocabulary_size"] = int(layer.vocabulary_size())
    for i, x in enumerate(arrays):
        settings[f"input_shape_{i}"] = json.dumps(list(x.shape))
        if values(x):
            settings[f"input_{i}"] = values(x)
        else:
            tensors[f"input_{i}"] = x
    output = np.asarray(output)
    if output_is_text:
        settings["output"] = values(output)
        settings["output_shape"] = json.dumps(list(output.shape))
    else:
        tensors["output"] = output
    CASES.append(case(name, settings, **tensors))


# Hashes: strings of every length class, numbers, salts, masks.
LONG = ["x" * n for n in range(0, 70)] + ["".join(chr(97 + (i * i) % 26) for i in range(n)) for n in range(60, 300, 7)]
add("Hashing lengths", lambda: L.Hashing(1_000_003), [LONG])
add("Hashing salted lengths", lambda: L.Hashing(1_000_003, salt=[133, 137]), [LONG])
add("Hashing words", lambda: L.Hashing(3), [[["A"], ["B"], ["C"], ["D"], ["E"], ["größe"]]])
add("Hashing mask", lambda: L.Hashing(3, mask_value=""), [[["A"], ["B"], [""], ["C"], ["D"]]])
add("Hashing salt", lambda: L.Hashing(3, salt=-5), [[["A"], ["B"], ["C"], ["D"], ["E"]]])
add("Hashing numbers", lambda: L.Hashing(7), [[[0, 1, -1], [12345678901, -7, 2], [3, 4, 5]]])
add("Hashing number mask", lambda: L.Hashing(7, mask_value=-1), [[[0, 1, -1], [12345678901, -7, 2], [3, 4, 5]]])
for mode in ["one_hot", "multi_hot", "count"]:
    add(f"Hashing {mode}", lambda: L.Hashing(5, output_mode=mode), [WORDS])
add("HashedCrossing", lambda: L.HashedCrossing(5), [["A", "B", "A", "B", "A"], [101, 101, 101, 102, 102]])
add("HashedCrossing three", lambda: L.HashedCrossing(1000), [[["A"], ["B"], ["ä"]], [[1], [-2], [3]], [["x"], ["y"], [""]]])
add("HashedCrossing one_hot", lambda: L.HashedCrossing(5, output_mode="one_hot"), [["A", "B"], [101, 102]])

# Lookups.
VOCABULARY = ["a", "b", "c", "d"]
add("StringLookup", lambda: L.StringLookup(vocabulary=VOCABULARY), [WORDS])
add("StringLookup mask", lambda: L.StringLookup(vocabulary=VOCABULARY, mask_token=""), [WORDS])
add("StringLookup special", lambda: L.StringLookup(vocabulary=["", "[UNK]"] + VOCABULARY, mask_token=""), [WORDS])
add("StringLookup bins", lambda: L.StringLookup(vocabulary=VOCABULARY, num_oov_indices=3), [WORDS])
add("StringLookup salted bins", lambda: L.StringLookup(vocabulary=VOCABULARY, num_oov_indices=3, salt=[7, 8]), [WORDS])
add("StringLookup no bins", lambda: L.StringLookup(vocabulary=VOCABULARY, num_oov_indices=0), [[["a", "d"], ["b", "c"]]])
add("StringLookup invert", lambda: L.StringLookup(vocabulary=VOCABULARY, invert=True), [[[1, 3, 4], [4, 0, 2], [9, -1, 5]]],
    output_is_text=True)
add("StringLookup invert mask", lambda: L.StringLookup(vocabulary=VOCABULARY, invert=True, mask_token="", oov_token="?"),
    [[[1, 3, 4], [4, 0, 2], [9, -1, 5]]], output_is_text=True)
for mode in ["one_hot", "multi_hot", "count"]:
    add(f"StringLookup {mode}", lambda: L.StringLookup(vocabulary=VOCABULARY, output_mode=mode, mask_token=""), [WORDS])
    add(f"StringLookup one {mode}", lambda: L.StringLookup(vocabulary=VOCABULARY, output_mode=mode), [[["a"], ["z"]]])
add("StringLookup padded", lambda: L.StringLookup(vocabulary=VOCABULARY, output_mode="count", max_tokens=8,
    pad_to_max_tokens=True), [WORDS])
add("StringLookup tf_idf", lambda: L.StringLookup(vocabulary=VOCABULARY, output_mode="tf_idf",
    idf_weights=[0.25, 0.75, 0.6, 0.4]), [WORDS])
add("StringLookup tf_idf special", lambda: L.StringLookup(vocabulary=["[UNK]"] + VOCABULARY, output_mode="tf_idf",
    idf_weights=[0.9, 0.25, 0.75, 0.6, 0.4], max_tokens=7, pad_to_max_tokens=True), [WORDS])
add("StringLookup adapted", lambda: L.StringLookup(), [WORDS], [["b", "a", "ä"], ["a", "c", "b"], ["ö", "[UNK]", ""]])
add("StringLookup adapted, few", lambda: L.StringLookup(max_tokens=4, mask_token=""), [WORDS],
    [["b", "a", "ä"], ["a", "c", "b"], ["ö", "[UNK]", ""]])
add("StringLookup adapted, list", lambda: L.StringLookup(), [["x", "y"]], ["x", "y", "y", "z"])
add("StringLookup adapted tf_idf", lambda: L.StringLookup(output_mode="tf_idf"), [WORDS],
    [["b", "a", "a"], ["a", "c", "b"], ["ö", "d", "d"]])

NUMBERS = [[12, 1138, 42], [42, 1000, 36], [-3, 0, 7]]
add("IntegerLookup", lambda: L.IntegerLookup(vocabulary=[12, 36, 1138, 42]), [NUMBERS])
add("IntegerLookup mask", lambda: L.IntegerLookup(vocabulary=[12, 36, 1138, 42], mask_token=0), [NUMBERS])
add("IntegerLookup bins", lambda: L.IntegerLookup(vocabulary=[12, 36, 1138, 42], num_oov_indices=4), [NUMBERS])
add("IntegerLookup farmhash", lambda: L.IntegerLookup(vocabulary=[12, 36, 1138, 42], num_oov_indices=4,
    oov_method="farmhash"), [NUMBERS])
add("IntegerLookup salt", lambda: L.IntegerLookup(vocabulary=[12, 36, 1138, 42], num_oov_indices=4, oov_method="farmhash",
    salt=9), [NUMBERS])
add("IntegerLookup invert", lambda: L.IntegerLookup(vocabulary=[12, 36, 1138, 42], invert=True, mask_token=0),
    [[[1, 3, 4], [4, 0, 2], [9, -1, 5]]])
for mode in ["one_hot", "multi_hot", "count"]:
    add(f"IntegerLookup {mode}", lambda: L.IntegerLookup(vocabulary=[12, 36, 1138, 42], output_mode=mode), [NUMBERS])
add("IntegerLookup adapted", lambda: L.IntegerLookup(max_tokens=5, mask_token=0), [NUMBERS],
    [[12, 42, 42], [7, -3, 12], [0, -1, 5]])
add("IntegerLookup adapted tf_idf", lambda: L.IntegerLookup(output_mode="tf_idf", max_tokens=9, pad_to_max_tokens=True),
    [NUMBERS], [[12, 42, 42], [7, -3, 12], [0, -1, 5]])

# Texts.
for standardize in [None, "lower", "strip_punctuation", "lower_and_strip_punctuation"]:
    for split in [None, "whitespace", "character"]:
        length = None if split is None else 12
        add(f"TextVectorization {standardize} {split}",
            lambda: L.TextVectorization(standardize=standardize, split=split, output_sequence_length=length),
            [[[t] for t in TEXTS]], TEXTS[:6] if split else [[t] for t in TEXTS[:6]])
add("TextVectorization longest", lambda: L.TextVectorization(), [TEXTS], TEXTS)
for ngrams in [2, (2,), (3, 1)]:
    add(f"TextVectorization ngrams {ngrams}", lambda: L.TextVectorization(ngrams=ngrams, max_tokens=30), [TEXTS], TEXTS)
for mode in ["multi_hot", "count", "tf_idf"]:
    add(f"TextVectorization {mode}", lambda: L.TextVectorization(output_mode=mode), [TEXTS], TEXTS[:5])
    add(f"TextVectorization {mode} padded", lambda: L.TextVectorization(output_mode=mode, max_tokens=12,
        pad_to_max_tokens=True, ngrams=2), [TEXTS], TEXTS[:2])
add("TextVectorization vocabulary", lambda: L.TextVectorization(vocabulary=["earth", "wind", "and", "fire"],
    output_sequence_length=4), [["fire, and earth", "michigan wind earth fire and"]])
add("TextVectorization weights", lambda: L.TextVectorization(vocabulary=["earth", "wind", "fire"], output_mode="tf_idf",
    idf_weights=[0.5, 1.5, 2.5]), [["fire, and earth", "michigan wind earth fire and"]])


def save(name, model, inputs, names=()):
    """A model in Keras's file, with what it predicts."""
    random = np.random.default_rng(5)
    # Not the statistics of a normalization, of which it keeps a copy.
    for weight in model.trainable_weights:
        if "float" in str(weight.dtype):
            weight.assign(random.uniform(0.25, 1, weight.shape))
    os.makedirs(os.path.join(OUT, "text"), exist_ok=True)
    model.save(os.path.join(OUT, "text", name + ".keras"))
    calls = [tf.constant(x) for x in inputs]
    # By their names, where the model has them so.
    output = model(dict(zip(names, calls)) if names else calls[0] if len(calls) == 1 else calls)
    settings = {"file": name, "inputs": len(inputs)}
    tensors = {"output": np.asarray(output)}
    for i, x in enumerate(inputs):
        settings[f"input_shape_{i}"] = json.dumps(list(np.asarray(x).shape))
        if values(x):
            settings[f"input_{i}"] = values(x)
        else:
            tensors[f"input_{i}"] = np.asarray(x)
    CASES.append(case("file " + name, settings, **tensors))


def adapted(layer, data):
    layer.adapt(data)
    return layer


save("tf_idf", keras.Sequential([
    L.Input((), dtype="string"), adapted(L.TextVectorization(output_mode="tf_idf"), TEXTS), L.Dense(2)]), [TEXTS])
save("count", keras.Sequential([
    L.Input((1,), dtype="string"), adapted(L.TextVectorization(output_mode="count", ngrams=2), TEXTS),
    L.Dense(2, name="renamed")]), [[[t] for t in TEXTS]])
# Everything that a table needs, by a graph.
word, code, bins, age = (L.Input((1,), dtype=t, name=t + str(i)) for i, t in enumerate(
    ["string", "int64", "string", "float32"]))
parts = [
    adapted(L.StringLookup(output_mode="one_hot"), [["x"], ["y"], ["x"]])(word),
    adapted(L.IntegerLookup(output_mode="tf_idf"), [[5], [7], [5]])(code),
    L.Hashing(4, output_mode="one_hot")(bins),
    adapted(L.Normalization(), np.array([[1.0], [2], [6]]))(age),
    adapted(L.Discretization(num_bins=3, output_mode="one_hot"), np.array([[1.0], [2], [3], [4], [5], [6]]))(age),
    L.CategoryEncoding(num_tokens=5, output_mode="one_hot")(L.StringLookup(vocabulary=["p", "q", "r"])(bins)),
    L.HashedCrossing(6, output_mode="one_hot")([word, code]),
]
save("table", keras.Model([word, code, bins, age], L.Dense(2)(L.Concatenate()(parts))), [
    [["x"], ["y"], ["z"]], np.array([[5], [7], [9]]), [["p"], ["q"], [""]], np.array([[1], [4], [9]], "float32")])
# A space of features in front of a model, which has its inputs by their names.
FS = keras.utils.FeatureSpace
columns = {
    "zone": np.array([[3], [3], [7], [5]]), "age": np.array([[20.5], [31.0], [44.25], [58.0]], "float32"),
    "city": [["Rome"], ["Oslo"], ["Rome"], ["Bern"]], "income": np.array([[1.0], [2.5], [0.25], [7.0]], "float32"),
}
space = FS(
    {
        "zone": FS.integer_categorical(), "age": FS.float_normalized(name="age"), "city": FS.string_categorical(),
        "income": FS.float(),
    },
    crosses=[FS.cross(("zone", "city"), 6)])
space.adapt({name: np.array(column) for name, column in columns.items()})
features = keras.Model(space.get_inputs(), L.Dense(2)(space.get_encoded_features()))
names = sorted(columns)
save("feature_space", features, [columns[name] for name in names], names)

write("text", CASES)
