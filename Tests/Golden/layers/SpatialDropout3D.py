from keras import layers as L
from layers import Case

# What is drawn is each library's own: in training, tests look at distributions.
CASES = [
    Case(lambda: L.SpatialDropout3D(0.25), [(2, 2, 3, 2, 2)]),
    Case(lambda: L.SpatialDropout3D(0.0, seed=3), [(2, 2, 3, 2, 2)], training=True),
    Case(lambda: L.SpatialDropout3D(0.25, data_format="channels_first"), [(2, 3, 4, 2, 2)]),
]
