"""ONNX Runtime: inference only, on a graph with random weights."""

import common

options = common.arguments()

import numpy as np  # noqa: E402
import onnx  # noqa: E402
import onnxruntime  # noqa: E402
from onnx import TensorProto, helper, numpy_helper  # noqa: E402


def document_cnn():
    random = np.random.default_rng(options.seed)
    weights = {
        "k1": (32, 1, 3, 3), "b1": (32,), "k2": (64, 32, 3, 3), "b2": (64,), "k3": (1600, 64), "b3": (64,),
        "k4": (64, 10), "b4": (10,),
    }
    initializers = [
        numpy_helper.from_array((random.standard_normal(shape) * 0.05).astype("float32"), name)
        for name, shape in weights.items()
    ]
    node = helper.make_node
    pool = dict(kernel_shape=[2, 2], strides=[2, 2])
    nodes = [
        node("Conv", ["x", "k1", "b1"], ["c1"]), node("Relu", ["c1"], ["r1"]),
        node("MaxPool", ["r1"], ["p1"], **pool), node("Conv", ["p1", "k2", "b2"], ["c2"]),
        node("Relu", ["c2"], ["r2"]), node("MaxPool", ["r2"], ["p2"], **pool), node("Flatten", ["p2"], ["f"]),
        node("Gemm", ["f", "k3", "b3"], ["d1"]), node("Relu", ["d1"], ["r3"]),
        node("Gemm", ["r3", "k4", "b4"], ["d2"]), node("Softmax", ["d2"], ["y"], axis=1),
    ]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes, "document-cnn", [value("x", TensorProto.FLOAT, ["n", 1, 28, 28])],
        [value("y", TensorProto.FLOAT, ["n", 10])], initializers,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


# By the names of citius-bench.
MODELS = {"document-cnn": document_cnn}

settings = onnxruntime.SessionOptions()
settings.intra_op_num_threads = options.threads
model = MODELS[options.model]()
onnx.checker.check_model(model)
session = onnxruntime.InferenceSession(
    model.SerializeToString(), settings, providers=["CPUExecutionProvider"]
)
_, (test_images, test_labels) = common.load(options)
startup = common.process_age()


def batch(chosen):
    return test_images[chosen].reshape(-1, 1, 28, 28).astype("float32") / 255


def evaluate():
    for start in range(0, len(test_images), 256):
        chosen = slice(start, start + 256)
        (probabilities,) = session.run(None, {"x": batch(chosen)})
        labels = test_labels[chosen]
        -np.log(np.clip(probabilities[np.arange(len(labels)), labels], 1e-7, 1)).sum()
        (probabilities.argmax(1) == labels).sum()
    return len(test_images)


image = batch(slice(0, 1))


def predict():
    session.run(None, {"x": image})


common.measure("onnx-runtime", options, startup, None, evaluate, predict)
