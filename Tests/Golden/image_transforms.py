"""What Keras's image layers make of images once their random numbers are drawn, and its operations on images.

    pip install keras numpy scipy jax
    python image_transforms.py    # into ../CitiusTestSupport/Golden
"""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")
os.environ.setdefault("JAX_ENABLE_X64", "1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")

import jax  # noqa: E402
from support import Random, case, keras, np, use_precision, write  # noqa: E402

keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"
use_precision("float64")
L, ops = keras.layers, keras.ops
random = Random(7)
images = random(3, 4, 5, 3, low=0.0, high=255.0)
unit = images / 255
cases = []


def add(name, x, result, settings=None, **parameters):
    cases.append(case(name, settings or {}, images=x, output=result, **parameters))


def tensor(x):
    return ops.convert_to_tensor(np.asarray(x))


# Operations
transforms = np.concatenate([np.eye(3).reshape(1, 9)[:, :6] + random(3, 6, low=-0.6, high=0.6), np.zeros((3, 2))], axis=1)
transforms[:, [2, 5]] *= 4
for interpolation in ["nearest", "bilinear"]:
    for fill_mode in ["reflect", "wrap", "constant", "nearest"]:
        add(
            f"affine {interpolation} {fill_mode}", images,
            ops.image.affine_transform(
                images, tensor(transforms), interpolation=interpolation, fill_mode=fill_mode, fill_value=7.0),
            {"interpolation": interpolation, "fill": fill_mode}, transforms=transforms)
add("grayscale", images, ops.image.rgb_to_grayscale(images))
add("hsv", unit, ops.image.rgb_to_hsv(unit))
add("rgb", unit, ops.image.hsv_to_rgb(unit))
add("patches", images, ops.image.extract_patches(images, (2, 3), strides=(1, 2), padding="same"))

# Layers
flips = np.array([True, False, True])
for mode in ["horizontal", "vertical", "horizontal_and_vertical"]:
    add(
        f"RandomFlip {mode}", images,
        L.RandomFlip(mode).transform_images(images, {"flips": tensor(flips).reshape(3, 1, 1, 1)}), {"mode": mode},
        decisions=flips)

angle = np.array([30.0, -100.0, 7.0])
rotation = L.RandomRotation(0.5)
zeros, ones = np.zeros(3), np.ones(3)
matrix = rotation._compute_affine_matrix(0.5, 0.5, tensor(angle), zeros, zeros, ones, zeros, zeros, 4, 5)
add("RandomRotation", images, rotation.transform_images(images, {"rotation_matrix": matrix}), a=angle)

down, right = np.array([1.5, -2.0, 0.25]), np.array([-0.5, 3.0, 1.0])
pairs = np.stack([right, down], axis=1)
add(
    "RandomTranslation", images,
    L.RandomTranslation(0.5, 0.5).transform_images(images, {"translations": tensor(pairs)}), a=down, b=right)

height, width = np.array([0.75, 1.5, 1.0]), np.array([1.25, 0.5, 2.0])
add(
    "RandomZoom", images,
    L.RandomZoom(0.5, 0.5).transform_images(
        images, {"height_zoom": tensor(height[:, None]), "width_zoom": tensor(width[:, None])}), a=height, b=width)

x, y = np.array([0.5, -0.25, 0.0]), np.array([0.25, 0.0, -0.75])
add(
    "RandomShear", images,
    L.RandomShear(0.5, 0.5).transform_images(images, {"shear_factor": tensor(np.stack([x, y], axis=1))}), a=x, b=y)

factor = np.array([0.25, 0.75, 1.5])
column = factor.reshape(3, 1, 1, 1)
add("RandomContrast", images, L.RandomContrast(0.5).transform_images(images, {"contrast_factor": tensor(column)}), a=factor)
add(
    "RandomBrightness", images, L.RandomBrightness(0.5).transform_images(images, {"rgb_delta": tensor(column * 60)}),
    a=factor * 60)
add("RandomSharpness", images, L.RandomSharpness(0.5).transform_images(images, {"factor": tensor(factor / 2)}), a=factor / 2)
turn = np.array([0.1, -0.4, 0.25])
add("RandomHue", images, L.RandomHue(0.5).transform_images(images, {"factor": tensor(turn)}), a=turn)
add(
    "RandomSaturation", unit,
    L.RandomSaturation(0.5, value_range=(0, 1)).transform_images(unit, {"factor": tensor(factor)}), a=factor)
add(
    "RandomColorDegeneration", images,
    L.RandomColorDegeneration(0.5).transform_images(images, {"factor": tensor(column / 2)}), a=factor / 2)
add(
    "RandomInvert", images, L.RandomInvert().transform_images(images, {"apply_inversion": tensor(flips)}),
    decisions=flips)
add(
    "RandomGrayscale", images, L.RandomGrayscale().transform_images(images, tensor(flips).reshape(3, 1, 1, 1)),
    decisions=flips)
bits = np.array([1, 3, 6])
add(
    "RandomPosterization", images,
    L.RandomPosterization((1, 8)).transform_images(images, {"shift_factor": ops.cast(8 - bits, "uint8")}),
    a=bits.astype("float64"))
additions, thresholds = np.array([0.0, 100.0, 20.0]), np.array([128.0, 10.0, 255.0])
add(
    "Solarization", images,
    L.Solarization().transform_images(
        images,
        {"additions": tensor(additions).reshape(3, 1, 1, 1), "thresholds": tensor(thresholds).reshape(3, 1, 1, 1)}),
    a=additions, b=thresholds)
# Between whole numbers, which rounding may put into the bin below.
coarse = np.floor(random(3, 6, 7, 2, low=0.0, high=20.0)) * 9 + 0.5
add("Equalization", coarse, L.Equalization().transform_images(coarse, None))
order, weights = np.array([2, 0, 1]), np.array([0.25, 0.5, 0.875])
add(
    "MixUp", images,
    L.MixUp().transform_images(images, {"mix_weight": tensor(weights), "permutation_order": tensor(order)}),
    a=order.astype("float64"), b=weights)

blur = np.array([0.7, 1.9])
for size in [(3, 3), (5, 1)]:
    add(
        f"RandomGaussianBlur {size[0]}x{size[1]}", images,
        L.RandomGaussianBlur(kernel_size=size).transform_images(
            images, {"should_apply_blur": tensor(flips), "blur_factor": tensor(blur)}),
        {"width": size[0], "height": size[1]}, decisions=flips, a=blur)
moves = random(3, 4, 2, low=-0.5, high=0.5)
corners = np.array([[0.0, 0.0], [4, 0], [0, 3], [4, 3]])[None].repeat(3, axis=0)
for interpolation in ["nearest", "bilinear"]:
    layer = L.RandomPerspective(interpolation=interpolation, fill_value=7.0)
    add(
        f"RandomPerspective {interpolation}", images,
        layer._transform_images(
            images,
            {"apply_perspective": tensor(flips), "start_points": tensor(corners),
             "end_points": tensor(corners + corners * moves)}, interpolation),
        {"interpolation": interpolation}, decisions=flips, a=moves)
# Both directions of Keras's field are the same noise.
noise = random(3, 4, 5, low=-2.0, high=2.0)
jax.random.normal = lambda *_, **__: jax.numpy.asarray(noise)
for interpolation, fill_mode in [("bilinear", "reflect"), ("bilinear", "constant"), ("nearest", "nearest"), ("bilinear", "wrap")]:
    layer = L.RandomElasticTransform(interpolation=interpolation, fill_mode=fill_mode, fill_value=7.0)
    add(
        f"RandomElasticTransform {interpolation} {fill_mode}", images,
        layer._transform_images(
            images, {"apply_transform": tensor(flips), "distortion_factor": 3.0, "seed": 1}, interpolation),
        {"interpolation": interpolation, "fill": fill_mode}, decisions=flips, a=noise)
weights = np.array([0.5, 0.2, 0.3])
mixture = L.AugMix()
add(
    "AugMix", images,
    mixture.transform_images(
        images, {
            "chain_mixing_weights": tensor(weights), "weight_sample": tensor(0.25), "chain_transforms": [
                [{"layer_name": "auto_contrast", "transformation": None}], [],
                [{"layer_name": "random_brightness", "transformation": {"rgb_delta": tensor(column * 60)}},
                 {"layer_name": "auto_contrast", "transformation": None}]]}),
    a=weights, b=factor * 60)

write("image_transforms", cases)
