from keras import layers as L
from layers import Case

MASK = [[1, 1, 0, 0], [1, 0, 0, 0], [1, 1, 1, 1]]

CASES = [
    Case(lambda: L.BatchNormalization(), [shape], training=training)
    for shape in [(6, 4), (3, 4, 5, 2)]
    for training in [True, False]
] + [
    Case(lambda: L.BatchNormalization(axis=1, momentum=0.5, epsilon=0.01), [(3, 4, 5)], training=training)
    for training in [True, False]
] + [
    Case(lambda: L.BatchNormalization(center=False), [(3, 4, 2)], training=True),
    Case(lambda: L.BatchNormalization(scale=False), [(3, 4, 2)], training=True),
    Case(lambda: L.BatchNormalization(), [(3, 4, 2)], training=True, masks=[MASK], is_saved=False),
    Case(lambda: L.BatchNormalization(), [(3, 4, 2)], masks=[MASK], is_saved=False),
]
