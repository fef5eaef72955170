import numpy as np
from keras import layers as L
from layers import Case

MASK = np.array([[1, 1, 1, 0], [1, 0, 1, 1]], bool)
KEYS = np.array([[1, 1, 0, 0, 1], [0, 1, 1, 0, 1]], bool)
INPUTS = [(2, 4, 6), (2, 5, 6)]

CASES = [
    Case(lambda: L.Attention(), INPUTS),
    Case(lambda: L.Attention(), [(2, 4, 6), (2, 5, 3), (2, 5, 6)]),
    Case(lambda: L.Attention(use_scale=True), INPUTS),
    Case(lambda: L.Attention(score_mode="concat"), INPUTS),
    Case(lambda: L.Attention(score_mode="concat", use_scale=True), INPUTS),
    Case(lambda: L.Attention(), INPUTS, arguments={"use_causal_mask": True}),
    Case(lambda: L.Attention(), INPUTS, arguments={"return_attention_scores": True}),
    Case(lambda: L.Attention(), INPUTS, masks=[MASK, KEYS], is_saved=False),
    Case(lambda: L.Attention(), INPUTS, masks=[None, KEYS], arguments={"use_causal_mask": True}, is_saved=False),
    Case(lambda: L.Attention(dropout=0.25, seed=3), INPUTS),
]
