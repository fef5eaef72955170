import numpy as np
from keras import layers as L
from layers import Case

MASK = np.array([[1, 1, 1, 0], [1, 0, 1, 1]], bool)
KEYS = np.array([[1, 1, 0, 0, 1], [0, 1, 1, 0, 1]], bool)
INPUTS = [(2, 4, 6), (2, 5, 6)]

CASES = [
    Case(lambda: L.AdditiveAttention(), INPUTS),
    Case(lambda: L.AdditiveAttention(), [(2, 4, 6), (2, 5, 6), (2, 5, 6)]),
    Case(lambda: L.AdditiveAttention(dropout=0.5), INPUTS),
    Case(lambda: L.AdditiveAttention(use_scale=False), INPUTS),
    Case(lambda: L.AdditiveAttention(), INPUTS, arguments={"use_causal_mask": True}),
    Case(lambda: L.AdditiveAttention(), INPUTS, arguments={"return_attention_scores": True}),
    Case(lambda: L.AdditiveAttention(), INPUTS, masks=[MASK, KEYS], is_saved=False),
    Case(lambda: L.AdditiveAttention(), INPUTS, masks=[None, KEYS], arguments={"use_causal_mask": True}, is_saved=False),
    Case(lambda: L.AdditiveAttention(dropout=0.25, seed=3), INPUTS),
]
