"""What Citius writes, read by the Python packages of the formats, and the other way round:

  interop.py PROGRAM FOLDER    PROGRAM is citius-interop

- safetensors: all types of elements, to Citius and back, bit by bit.
- NumPy: .npy and .npz of all types of elements, byte orders and orders of axes, to Citius and back, bit by bit.
- tensorboard: scalars, histograms, images, the layers and the hyperparameters of a training.
"""

import csv
import io
import json
import os
import subprocess
import sys

import ml_dtypes  # noqa: F401  NumPy's bfloat16
import numpy as np
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import load_file, save_file
from tensorboard.backend.event_processing.event_accumulator import STORE_EVERYTHING_SIZE_GUIDANCE, EventAccumulator
from tensorboard.plugins.graph import keras_util
from tensorboard.plugins.histogram import summary_v2 as histogram_summary
from tensorboard.plugins.hparams import metadata as hyperparameters
from tensorboard.util import tensor_util


def safetensors(program, folder):
    random = np.random.default_rng(1)
    tensors, expected = {}, {}
    for name in ["float32", "float64", "int32", "int64", "uint8", "bool"]:
        dtype = np.dtype(name)
        for shape in [(), (1,), (0, 4), (3, 5), (2, 1, 3, 1, 2)]:
            if dtype.kind == "f":
                value = random.standard_normal(shape).astype(dtype)
            elif dtype.kind == "b":
                value = random.integers(0, 2, shape).astype(dtype)
            else:
                limits = np.iinfo(dtype)
                value = random.integers(limits.min, limits.max, shape, dtype=dtype, endpoint=True)
            tensors[f"{name}/{len(shape)} é"] = np.asarray(value, dtype)
        if dtype.kind == "f":
            limits = np.finfo(dtype)
            tensors[f"{name}/limits"] = np.array(
                [np.nan, np.inf, -np.inf, 0.0, -0.0, limits.max, limits.min, limits.tiny, limits.smallest_subnormal], dtype
            )
    expected.update(tensors)
    halves = random.integers(0, 1 << 16, 500, dtype=np.uint16)
    # Numbers that are not NaN, whose bits a conversion may change.
    halves = halves[~np.isnan(halves.view(np.float16))]
    for name in ["float16", "bfloat16"]:
        tensors[name] = halves.view(np.dtype(name))[: 400]
        expected[name] = tensors[name].astype(np.float32)
    metadata = {"format": "pt", "text": 'a "b"\n\\ 😀'}
    source, target = os.path.join(folder, "in.safetensors"), os.path.join(folder, "out.safetensors")
    save_file(tensors, source, metadata=metadata)
    subprocess.run([program, "rewrite", source, target], check=True)
    found = load_file(target)
    assert sorted(found) == sorted(expected), sorted(found)
    for name, value in expected.items():
        mine = found[name]
        assert mine.dtype == value.dtype and mine.shape == value.shape, f"{name}: {mine.dtype} {mine.shape}"
        if name == "bfloat16":
            assert np.array_equal(mine, value, equal_nan=True), name
        else:
            assert mine.tobytes() == value.tobytes(), name
    with safe_open(target, "np") as file:
        assert file.metadata() == metadata, file.metadata()
    print(f"{len(expected)} tensors of all types are in Citius and in safetensors the same, bit by bit")


def numpy(program, folder):
    random = np.random.default_rng(2)
    # What a tensor's elements are, of NumPy's types.
    types = {
        "bool": "bool", "int8": "int32", "uint8": "uint8", "int16": "int32", "uint16": "int32", "int32": "int32",
        "uint32": "int64", "int64": "int64", "uint64": "int64", "float16": "float32", "float32": "float32",
        "float64": "float64",
    }
    arrays, expected = {}, {}
    for name, own in types.items():
        for shape in [(), (1,), (0, 4), (3, 5), (2, 1, 3, 1, 2)]:
            bits = random.integers(0, 256, int(np.prod(shape)) * np.dtype(name).itemsize, dtype=np.uint8)
            value = bits.view(name).reshape(shape) if name != "bool" else bits.reshape(shape) > 99
            if name == "uint64":
                value = value >> np.uint64(1)
            arrays[f"{name}/{len(shape)} é"] = value
            # A conversion may change the bits of NaN.
            expected[f"{name}/{len(shape)} é"] = value.astype(own)
    words = np.array([["a", "é😀", ""], ["bc", "def", "g"]])
    for name, value in [("words", words), ("bytes", np.char.encode(words, "utf-8"))]:
        arrays[name] = value
        utf8 = np.char.encode(words, "utf-8")
        expected[name] = utf8.view(np.uint8).reshape(2, 3, utf8.dtype.itemsize)

    def check(name, mine):
        assert mine.dtype == expected[name].dtype and mine.shape == expected[name].shape, f"{name}: {mine.dtype} {mine.shape}"
        assert np.array_equal(mine, expected[name], equal_nan=mine.dtype.kind == "f"), name

    source, target = os.path.join(folder, "in"), os.path.join(folder, "out")
    for save in [np.savez, np.savez_compressed]:
        save(source + ".npz", **arrays)
        subprocess.run([program, "npz", source + ".npz", target], check=True)
        for suffix in [".npz", ".compressed.npz"]:
            with np.load(target + suffix, allow_pickle=False) as file:
                assert sorted(file.files) == sorted(expected), file.files
                for name in file.files:
                    check(name, file[name])
    files = 0
    for name, value in arrays.items():
        for order in "<>":
            for layout in "CF":
                np.save(source + ".npy", np.array(value.astype(value.dtype.newbyteorder(order)), order=layout))
                subprocess.run([program, "npy", source + ".npy", target], check=True)
                for suffix in [".npy", ".big.npy", ".columns.npy"]:
                    mine = np.load(target + suffix, allow_pickle=False)
                    big = suffix == ".big.npy" and mine.dtype.itemsize > 1
                    assert (mine.dtype.byteorder == ">") == big, (name, suffix, mine.dtype)
                    assert mine.flags.f_contiguous or suffix != ".columns.npy", (name, suffix)
                    check(name, mine.astype(mine.dtype.newbyteorder("=")))
                    files += 1
    print(f"{len(expected)} arrays in .npz files and {files} .npy files are in Citius and in NumPy the same")


def board(program, folder):
    subprocess.run([program, "board", folder], check=True)
    weights = load_file(os.path.join(folder, "weights.safetensors"))
    with open(os.path.join(folder, "log.csv"), newline="") as file:
        log = list(csv.DictReader(file))

    def read(run):
        events = EventAccumulator(os.path.join(folder, "run", run), STORE_EVERYTHING_SIZE_GUIDANCE)
        events.Reload()
        return events

    def values(events, tag):
        return [(event.step, tensor_util.make_ndarray(event.tensor_proto)) for event in events.Tensors(tag)]

    def plugin(events, tag):
        return events.SummaryMetadata(tag).plugin_data.plugin_name

    train, validation = read("train"), read("validation")
    for events, prefix in [(train, ""), (validation, "val_")]:
        for name in ["loss", "accuracy"]:
            scalars = values(events, "epoch_" + name)
            assert plugin(events, "epoch_" + name) == "scalars"
            assert [step for step, _ in scalars] == [0, 1, 2], scalars
            for (_, value), row in zip(scalars, log, strict=True):
                assert value.shape == () and value == np.float32(row[prefix + name]), (prefix + name, value, row)
    assert [value for _, value in values(train, "epoch_learning_rate")] == [np.float32(0.001)] * 3
    assert [step for step, _ in values(train, "batch_loss")] == list(range(1, 10))
    assert all(value > 0 for _, value in values(train, "epoch_steps_per_second"))
    assert [step for step, _ in values(validation, "evaluation_loss_vs_iterations")] == [3, 6, 9]

    histograms = images = 0
    for path, value in weights.items():
        tag = path + "/histogram"
        assert plugin(train, tag) == "histograms"
        step, mine = values(train, tag)[-1]
        theirs = tensor_util.make_ndarray(histogram_summary.histogram_pb("x", value.astype(np.float64)).value[0].tensor)
        assert step == 2 and mine.shape == theirs.shape == (30, 3), mine.shape
        assert np.allclose(mine[:, :2], theirs[:, :2], rtol=1e-6, atol=1e-9), path
        # A value at an edge may fall to either side.
        assert mine[:, 2].sum() == value.size and np.abs(mine[:, 2] - theirs[:, 2]).sum() <= 2, path
        histograms += 1
        tag = path + "/image"
        shown = np.squeeze(value)
        if shown.ndim == 1:
            shown = shown[:, None]
        elif shown.ndim == 2 and shown.shape[0] > shown.shape[1]:
            shown = shown.T
        pictures = shown.transpose(2, 0, 1) if shown.ndim == 3 else shown[None]
        width, height, *files = values(train, tag)[-1][1]
        assert plugin(train, tag) == "images"
        assert (int(height), int(width)) == pictures[0].shape and len(files) == min(3, len(pictures)), path
        for picture, file in zip(pictures, files):
            pixels = np.asarray(Image.open(io.BytesIO(file)))
            assert np.abs(pixels - np.clip(picture, 0, 1) * 255.5).max() <= 1.001, path
            images += 1

    ((_, layers),) = values(train, "keras")
    assert plugin(train, "keras") == "graph_keras_model"
    nodes = keras_util.keras_model_to_graph_def(json.loads(layers.item())).node
    assert [node.name.split("/")[-1] for node in nodes if "dense" in node.name], nodes

    session = read("")
    start, end = (session.SummaryMetadata(tag).plugin_data.content for tag in session.Tags()["tensors"])
    start = hyperparameters.parse_session_start_info_plugin_data(start)
    found = {name: getattr(value, value.WhichOneof("kind")) for name, value in start.hparams.items()}
    assert found == {"filters": 4, "rate": 0.001, "activation": "relu", "is small": True}, found
    assert hyperparameters.parse_session_end_info_plugin_data(end).status == 1
    print(f"TensorBoard reads the scalars, {histograms} histograms, {images} images, layers and hyperparameters of a training")


if __name__ == "__main__":
    safetensors(*sys.argv[1:])
    numpy(*sys.argv[1:])
    board(*sys.argv[1:])
