"""Images in files of every kind, and what Pillow, torchvision and Keras make of them.

    pip install pillow torch torchvision keras jax numpy
    python images.py    # into ../CitiusTestSupport/Golden/images

NAME.jpg or NAME.png is a file, NAME.npy its pixels [height, width, channels]; others are named below.
"""

import os
import struct
import zlib

os.environ["KERAS_BACKEND"] = "jax"

import keras  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402
from PIL import Image  # noqa: E402
from torchvision.transforms import functional as F  # noqa: E402

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "CitiusTestSupport", "Golden", "images")
os.makedirs(OUT, exist_ok=True)
random = np.random.default_rng(1)


def path(name):
    return os.path.join(OUT, name)


def save(name, pixels):
    pixels = np.asarray(pixels)
    if pixels.dtype != np.uint8:
        pixels = np.floor(pixels + 0.5).clip(0, 255).astype(np.uint8)
    np.save(path(name + ".npy"), pixels if pixels.ndim == 3 else pixels[:, :, None])


def photo(height, width):
    """Smooth colors with edges and a little noise, as in a photo."""
    y, x = np.mgrid[0:height, 0:width]
    channels = [
        128 + 90 * np.sin(x / 9) * np.cos(y / 7), 255 * x / width, 128 + 100 * np.cos((x + 2 * y) / 11)]
    image = np.stack(channels, axis=2)
    image[height // 4:height // 2, width // 3:width // 2] = [250, 20, 40]
    return np.clip(image + random.normal(0, 6, image.shape), 0, 255).astype(np.uint8)


# JPEG
big = photo(75, 101)
Image.fromarray(big).save(path("photo.jpg"), quality=90)
for mode, name in [("RGB", "photo"), ("L", "photo-grey")]:
    image = Image.open(path("photo.jpg"))
    image.draft(mode, image.size)
    save(name, image)
for divisor in [2, 4, 8]:
    image = Image.open(path("photo.jpg"))
    image.draft("RGB", (image.width // divisor, image.height // divisor))
    save(f"photo-{divisor}", image)
small = Image.fromarray(photo(35, 43))
for name, options in {
    "444": {"subsampling": 0}, "422": {"subsampling": 1}, "progressive": {"progressive": True},
    "restarts": {"restart_marker_blocks": 2}, "grey": {"mode": "L"}, "cmyk": {"mode": "CMYK"},
    "quality10": {"quality": 10},
}.items():
    image = small.convert(options.pop("mode", "RGB"))
    exif = Image.Exif()
    exif[0x0112] = 6  # A camera held upright.
    image.save(path(name + ".jpg"), exif=exif, **{"quality": 85, **options})
    decoded = Image.open(path(name + ".jpg"))
    save(name, decoded if decoded.mode == "L" else decoded.convert("RGB"))

# PNG: Pillow writes neither interlaced files nor all depths, so they are put together here.
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def packed(rows, depth):
    """Samples [height, width, channels] as bytes, each row with a filter in turn: none or the left neighbor."""
    result = b""
    for index, row in enumerate(rows):
        flat = row.reshape(-1)
        if depth == 16:
            data = flat.astype(">u2").tobytes()
        elif depth == 8:
            data = flat.astype(np.uint8).tobytes()
        else:
            bits = np.unpackbits(flat.astype(np.uint8)[:, None], axis=1)[:, 8 - depth:].reshape(-1)
            data = np.packbits(bits).tobytes()
        step = max(1, depth * row.shape[-1] // 8)
        if index % 2:
            left = bytes(step) + data[:-step] if len(data) > step else bytes(len(data))
            result += b"\1" + bytes((a - b) % 256 for a, b in zip(data, left))
        else:
            result += b"\0" + data
    return result


def png(name, samples, depth, color, interlaced=False, chunks=()):
    height, width, _ = samples.shape
    if interlaced:
        parts = [samples[y::down, x::right] for x, y, right, down in ADAM7]
        data = b"".join(packed(part, depth) for part in parts if part.size)
    else:
        data = packed(samples, depth)

    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, int(interlaced))
    with open(path(name + ".png"), "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header))
        for kind, content in chunks:
            file.write(chunk(kind, content))
        file.write(chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b""))


def samples(height, width, channels, depth):
    return random.integers(0, 1 << depth, (height, width, channels))


for interlaced in [False, True]:
    suffix = "-interlaced" if interlaced else ""
    for color, channels, name in [(0, 1, "g"), (2, 3, "rgb"), (4, 2, "ga"), (6, 4, "rgba")]:
        for depth in [1, 2, 4, 8, 16] if color == 0 else [8, 16]:
            values = samples(11, 13, channels, depth)
            png(f"{name}{depth}{suffix}", values, depth, color, interlaced)
            bytes_ = values >> 8 if depth == 16 else values * 255 // ((1 << depth) - 1)
            save(f"{name}{depth}{suffix}", bytes_.astype(np.uint8))
            if depth == 8:
                # The same by Pillow: neither writer nor reader of these files is in doubt then.
                assert (np.asarray(Image.open(path(f"{name}{depth}{suffix}.png"))).reshape(bytes_.shape) == bytes_).all()
    for depth in [1, 4, 8]:
        palette = random.integers(0, 256, (1 << depth, 3)).astype(np.uint8)
        values = samples(11, 13, 1, depth)
        png(f"palette{depth}{suffix}", values, depth, 3, interlaced, [(b"PLTE", palette.tobytes())])
        save(f"palette{depth}{suffix}", np.asarray(Image.open(path(f"palette{depth}{suffix}.png")).convert("RGB")))
        alphas = random.integers(0, 256, 1 << (depth - 1)).astype(np.uint8)
        png(
            f"palette{depth}-alpha{suffix}", values, depth, 3, interlaced,
            [(b"PLTE", palette.tobytes()), (b"tRNS", alphas.tobytes())])
        save(
            f"palette{depth}-alpha{suffix}",
            np.asarray(Image.open(path(f"palette{depth}-alpha{suffix}.png")).convert("RGBA")))
values = samples(5, 6, 3, 8)
values[1, 2] = values[3, 1] = [1, 2, 3]
png("rgb8-key", values, 8, 2, False, [(b"tRNS", struct.pack(">HHH", 1, 2, 3))])
save("rgb8-key", np.asarray(Image.open(path("rgb8-key.png")).convert("RGBA")))
save("rgba8-rgb", np.asarray(Image.open(path("rgba8.png")).convert("RGB")))
save("rgba8-grey", np.asarray(Image.open(path("rgba8.png")).convert("RGB").convert("L")))
save("g8-rgb", np.asarray(Image.open(path("g8.png")).convert("RGB")))



def coverage(count, length):
    """By how much of each of `length` equal parts of an axis each of `count` pixels covers."""
    edges = np.arange(length + 1) * count / length
    pixels = np.arange(count)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return np.clip(overlap, 0, None) * length / count


# Resizing, of the decoded photo
image = Image.open(path("photo.jpg"))
for height, width in [(32, 40), (75, 50), (120, 33), (150, 202), (25, 101)]:
    size = f"{height}x{width}"
    save(f"bilinear-{size}", image.resize((width, height), Image.Resampling.BILINEAR))
    save(f"nearest-{size}", image.resize((width, height), Image.Resampling.NEAREST))
    tensor = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].double()
    plain = torch.nn.functional.interpolate(tensor, (height, width), mode="bilinear", antialias=False)
    save(f"plain-{size}", plain[0].permute(1, 2, 0).numpy())
    if height <= 75 and width <= 101:
        save(f"area-{size}", (coverage(75, height) @ np.array(image).transpose(2, 0, 1) @ coverage(101, width).T).transpose(1, 2, 0))
# Windows resized, as torchvision's RandomResizedCrop does once its numbers are drawn.
for top, left, height, width in [(5, 7, 40, 60), (0, 0, 75, 101), (30, 41, 45, 60), (60, 90, 10, 5)]:
    save(
        f"window-{top}-{left}-{height}-{width}",
        F.resized_crop(image, top, left, height, width, [24, 20], F.InterpolationMode.BILINEAR))
# How Keras fits images.
for height, width in [(30, 30), (20, 60), (90, 41)]:
    for name, options in {
        "stretch": {}, "crop": {"crop_to_aspect_ratio": True}, "pad": {"pad_to_aspect_ratio": True},
    }.items():
        fitted = keras.ops.image.resize(
            np.array(image).astype(np.float32), (height, width), data_format="channels_last", **options)
        save(f"{name}-{height}x{width}", np.asarray(fitted))
