from keras import layers as L
from layers import Case

CASES = [
    Case(
        lambda size=size, interpolation=interpolation, antialias=antialias: L.Resizing(
            *size, interpolation=interpolation, antialias=antialias),
        [(1, 5, 7, 2)],
    )
    for size in [(3, 9), (8, 4), (5, 3)]
    for interpolation in ["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]
    for antialias in [False, True]
] + [
    Case(lambda size=size: L.Resizing(*size, crop_to_aspect_ratio=True), [(1, 5, 7, 2)])
    for size in [(3, 3), (2, 6), (9, 4)]
] + [
    Case(lambda size=size: L.Resizing(*size, pad_to_aspect_ratio=True, fill_value=0.5), [(1, 5, 7, 2)])
    for size in [(3, 3), (2, 6), (9, 4)]
] + [
    Case(lambda: L.Resizing(3, 6, crop_to_aspect_ratio=True, data_format="channels_first"), [(1, 2, 5, 7)]),
]
