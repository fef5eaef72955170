"""Networks of keras.applications with random weights, for citius-applications:

  applications.py FOLDER    saves each with images, the same as the network wants them, and what it predicts
"""

import json
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_PLATFORMS"] = "cpu"

import keras
import numpy as np
from safetensors.numpy import save_file

MODULES = {
    "ResNet50": "resnet50", "ResNet50V2": "resnet_v2", "MobileNet": "mobilenet", "MobileNetV2": "mobilenet_v2",
    "EfficientNetB0": "efficientnet", "VGG16": "vgg16", "InceptionV3": "inception_v3", "Xception": "xception",
}
CASES = [
    ("ResNet50", {"input_shape": [33, 47, 3], "classes": 7}),
    ("ResNet50V2", {"input_shape": [40, 32, 3], "classes": 5, "classifier_activation": None}),
    ("MobileNet", {"input_shape": [64, 64, 3], "classes": 9}),
    ("MobileNet", {"input_shape": [37, 50, 3], "alpha": 0.25, "depth_multiplier": 2, "include_top": False, "pooling": "max"}),
    ("MobileNetV2", {"input_shape": [45, 64, 3], "classes": 6}),
    ("MobileNetV2", {"input_shape": [32, 32, 1], "alpha": 1.4, "include_top": False}),
    ("EfficientNetB0", {"input_shape": [48, 41, 3], "classes": 8}),
    ("EfficientNetB0", {"input_shape": [32, 32, 3], "include_top": False, "pooling": "avg"}),
    ("VGG16", {"input_shape": [32, 48, 3], "include_top": False, "pooling": "avg"}),
    ("VGG16", {"input_shape": [32, 32, 3], "classes": 4}),
    ("InceptionV3", {"input_shape": [75, 92, 3], "classes": 5}),
    ("Xception", {"input_shape": [71, 80, 3], "classes": 5}),
    ("Xception", {"input_shape": [71, 71, 3], "include_top": False, "pooling": "max"}),
]


def randomize(model, random):
    """Statistics as of a training; values stay near 1 through many layers."""
    for layer in model._flatten_layers():
        if isinstance(layer, keras.layers.BatchNormalization):
            shape = layer.moving_mean.shape
            if layer.scale:
                layer.gamma.assign(random.uniform(0.7, 1.1, shape))
            layer.beta.assign(random.uniform(-0.3, 0.3, shape))
            layer.moving_mean.assign(random.uniform(-0.3, 0.3, shape))
            layer.moving_variance.assign(random.uniform(0.6, 1.6, shape))
        elif isinstance(layer, keras.layers.Normalization):
            layer.adapt_mean.assign(random.uniform(0.3, 0.6, layer.adapt_mean.shape))
            layer.adapt_variance.assign(random.uniform(0.05, 0.1, layer.adapt_variance.shape))
            layer.finalize_state()


def main(folder):
    for number, (name, arguments) in enumerate(CASES):
        keras.backend.clear_session()
        keras.utils.set_random_seed(number)
        random = np.random.default_rng(number)
        model = getattr(keras.applications, name)(weights=None, **arguments)
        randomize(model, random)
        images = random.integers(0, 256, (2, *model.input_shape[1:])).astype("float32")
        channels = images.shape[-1]
        prepared = getattr(keras.applications, MODULES[name]).preprocess_input(images.copy())
        expected = model.predict(prepared, verbose=0)
        assert channels == 1 or np.isfinite(expected).all() and expected.std() > 1e-4, (name, expected)
        path = os.path.join(folder, f"{number:02}_{name}")
        model.save(path + ".keras")
        save_file(
            {"images": images, "prepared": np.ascontiguousarray(prepared), "expected": np.ascontiguousarray(expected)},
            path + ".safetensors")
        with open(path + ".json", "w") as file:
            json.dump({"application": name, "arguments": arguments}, file)
    print(f"Keras {keras.__version__} saved {len(CASES)} of its applications")


if __name__ == "__main__":
    main(sys.argv[1])
