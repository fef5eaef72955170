import numpy as np
from keras import layers as L
from layers import Case

TOKENS = np.array([[1, 4, 0, 4], [2, 2, 0, 0]], "int32")

CASES = [
    Case(lambda: L.Embedding(5, 3), [TOKENS]),
    Case(lambda: L.Embedding(5, 3, mask_zero=True), [TOKENS]),
    Case(lambda: L.Embedding(6, 2, embeddings_initializer="he_normal"), [TOKENS.reshape(2, 2, 2)]),
    # Real numbers are truncated.
    Case(lambda: L.Embedding(5, 3), [np.array([[0.0, 3.75], [1.0, 2.25]])], name="Embedding of reals"),
    Case(
        lambda: L.Embedding(5, 3, embeddings_regularizer="l2", embeddings_constraint="unit_norm"), [TOKENS],
        name="Embedding with regularizer and constraint",
    ),
    Case(lambda: L.Embedding(5, 3, activity_regularizer="l2"), [TOKENS]),
]
