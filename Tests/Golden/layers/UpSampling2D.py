from keras import layers as L
from layers import Case

CASES = [
    Case(lambda size=size, interpolation=interpolation: L.UpSampling2D(size, interpolation=interpolation), [(2, 3, 4, 2)])
    for size in [2, (3, 1)]
    for interpolation in ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]
] + [
    Case(lambda: L.UpSampling2D((3, 1), interpolation="bilinear", data_format="channels_first"), [(2, 2, 3, 4)]),
]
