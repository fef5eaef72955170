"""Random windows of images in JPEG files, resized to 224×224 and perhaps mirrored, by Pillow and torchvision.

    python images.py --make FOLDER [--photos FILE FILE]   # writes 200 JPEG files as large as ImageNet's
    python images.py --data FOLDER                        # how many a second, on one core

`--make` cuts windows out of photos; by default those that come with scikit-learn.
"""

import argparse
import os
import random
import sys
import time

# torchvision looks for a module pytorch, and would find the script of that name beside this one.
sys.path.pop(0)

from PIL import Image  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("--data")
parser.add_argument("--make")
parser.add_argument("--photos", nargs="+")
parser.add_argument("--size", type=int, default=224)
parser.add_argument("--seconds", type=float, default=3)
parser.add_argument("--bytes", action="store_true", help="end with bytes, not with floats")
options = parser.parse_args()


def make(folder):
    photos = options.photos
    if not photos:
        import sklearn.datasets
        images = os.path.join(os.path.dirname(sklearn.datasets.__file__), "images")
        photos = [os.path.join(images, name) for name in ["china.jpg", "flower.jpg"]]
    random.seed(1)
    for index in range(200):
        photo = Image.open(photos[index % len(photos)]).convert("RGB")
        # ImageNet's are about 500×375.
        width, height = random.choice([(500, 375), (500, 333), (375, 500), (400, 300)])
        if photo.height < height or photo.width < width:
            photo = photo.rotate(90, expand=True)
        left, top = random.randint(0, photo.width - width), random.randint(0, photo.height - height)
        path = os.path.join(folder, f"class{index % 4}")
        os.makedirs(path, exist_ok=True)
        window = photo.crop((left, top, left + width, top + height))
        window.save(os.path.join(path, f"{index:04}.JPEG"), quality=90)


def measure(folder):
    import torch
    from torchvision import transforms

    torch.set_num_threads(1)
    last = transforms.PILToTensor() if options.bytes else transforms.ToTensor()
    transform = transforms.Compose(
        [transforms.RandomResizedCrop(options.size), transforms.RandomHorizontalFlip(), last])
    files = sorted(
        os.path.join(path, name) for path, _, names in os.walk(folder) for name in names)

    def batch(names):
        images = []
        for name in names:
            with open(name, "rb") as file:
                images.append(transform(Image.open(file).convert("RGB")))
        return torch.stack(images)

    random.seed(1)
    random.shuffle(files)
    for start in range(0, 128, 32):
        batch(files[start:start + 32])
    count, begin = 0, time.perf_counter()
    while time.perf_counter() - begin < options.seconds:
        random.shuffle(files)
        for start in range(0, len(files), 32):
            count += len(batch(files[start:start + 32]))
            if time.perf_counter() - begin >= options.seconds:
                break
    print(f"{count / (time.perf_counter() - begin):.0f} images/s")


if options.make:
    make(options.make)
if options.data:
    measure(options.data)
