from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.BatchNormalization(), [shape], training=training)
    for shape in [(6, 4), (3, 4, 5, 2)]
    for training in [True, False]
]
