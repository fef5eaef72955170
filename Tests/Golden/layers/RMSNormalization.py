from keras import layers as L
from layers import Case

# Keras broadcasts scale along the last axes whatever the axis is, so that only those agree.
CASES = [
    Case(lambda: L.RMSNormalization(), [(3, 4, 5)]),
    Case(lambda: L.RMSNormalization(epsilon=0.5), [(4, 19)]),
    Case(lambda: L.RMSNormalization(axis=[1, 2]), [(2, 3, 4)]),
]
