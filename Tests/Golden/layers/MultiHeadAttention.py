import numpy as np
from keras import layers as L
from layers import Case
from support import attend_in_double

attend_in_double()

MASK = np.array([[1, 1, 1, 0], [1, 0, 1, 1]], bool)
# Which keys each query sees.
SEEN = np.array([[[1, 1, 0, 0, 1], [0, 1, 1, 0, 1], [0, 0, 0, 1, 0], [1, 1, 1, 1, 1]],
                 [[0, 0, 1, 0, 0], [1, 0, 1, 0, 1], [1, 1, 1, 1, 0], [0, 1, 0, 1, 0]]], bool)
KEYS = np.array([[1, 1, 0, 0, 1], [0, 1, 1, 0, 1]], bool)


def case(arguments={}, inputs=[(2, 4, 6), (2, 5, 6)], masks=None, call={}, keywords=()):
    made = {"num_heads": 2, "key_dim": 3} | arguments
    return Case(
        lambda: L.MultiHeadAttention(**made), inputs, masks=masks, arguments=call, spread=True,
        is_saved=masks is None, keywords=keywords,
    )


CASES = [
    case(),
    case({"value_dim": 4}, [(2, 4, 6), (2, 5, 3), (2, 5, 7)]),
    case(inputs=[(2, 4, 6), (2, 5, 3), (2, 5, 7)]),
    case({"use_bias": False}),
    case({"output_shape": 5}),
    case({"output_shape": (2, 3)}),
    case({"use_gate": True}),
    case(inputs=[(2, 4, 6), (2, 4, 6)], call={"use_causal_mask": True}),
    case(call={"use_causal_mask": True}),
    case(call={"return_attention_scores": True}),
    case({"sliding_window": 2}),
    case({"sliding_window": 2}, call={"use_causal_mask": True}),
    case(masks=[MASK, None]),
    case(masks=[None, KEYS]),
    case(masks=[MASK, KEYS]),
    case(masks=[MASK, KEYS], call={"use_causal_mask": True}),
    case({}, [(2, 2, 3, 4), (2, 2, 3, 4)]),
    case({"attention_axes": (2,)}, [(2, 2, 3, 4), (2, 2, 5, 4)]),
    case({"attention_axes": 1}, [(2, 2, 3, 4), (2, 4, 3, 4)], call={"return_attention_scores": True}),
    # Longer than a tile of queries.
    case(inputs=[(1, 40, 3), (1, 40, 3)], call={"use_causal_mask": True}),
    case({"activity_regularizer": "l2", "kernel_regularizer": "l1"}, call={"return_attention_scores": True}),
    case(inputs=[(2, 4, 6), (2, 5, 6), SEEN], keywords=["attention_mask"]),
    case(inputs=[(2, 4, 6), (2, 5, 3), (2, 5, 7), SEEN.astype("int32")], keywords=["attention_mask"]),
    case(inputs=[(2, 4, 6), (2, 5, 6), SEEN[:, :1]], keywords=["attention_mask"]),
    case(inputs=[(2, 4, 6), (2, 5, 6), np.stack([SEEN, SEEN[::-1]], 1)], keywords=["attention_mask"]),
    case(inputs=[(2, 4, 6), (2, 5, 6), SEEN], keywords=["attention_mask"], masks=[MASK, KEYS, None]),
    case({"dropout": 0.25, "seed": 3}),
]
