import numpy as np
from keras import layers as L
from layers import Case
from support import attend_in_double

attend_in_double()

MASK = np.array([[1, 1, 1, 0], [1, 0, 1, 1]], bool)
SEEN = np.array([[[1, 1, 0, 0, 1], [0, 1, 1, 0, 1], [0, 0, 0, 1, 0], [1, 1, 1, 1, 1]],
                 [[0, 0, 1, 0, 0], [1, 0, 1, 0, 1], [1, 1, 1, 1, 0], [0, 1, 0, 1, 0]]], bool)
KEYS = np.array([[1, 1, 0, 0, 1], [0, 1, 1, 0, 1]], bool)


def case(arguments={}, inputs=[(2, 4, 6), (2, 5, 6)], masks=None, call={}, keywords=()):
    made = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2} | arguments
    return Case(
        lambda: L.GroupQueryAttention(**made), inputs, masks=masks, arguments=call, spread=True,
        # Keras takes no values of another width than the queries' in a graph.
        is_saved=masks is None and all(shape[-1] == inputs[0][-1] for shape in inputs[:2]),
        keywords=keywords,
    )


CASES = [
    case(),
    case({"num_key_value_heads": 1}, [(2, 4, 6), (2, 5, 3), (2, 5, 7)]),
    case({"num_key_value_heads": 4, "use_bias": False}),
    case({"use_gate": True}),
    case(inputs=[(2, 4, 6), (2, 4, 6)], call={"use_causal_mask": True}),
    case(call={"return_attention_scores": True}),
    case({"sliding_window": 2}, call={"use_causal_mask": True}),
    case(masks=[MASK, KEYS]),
    case(masks=[None, KEYS], call={"use_causal_mask": True}),
    case({"activity_regularizer": "l2", "kernel_regularizer": "l1"}),
    case(inputs=[(2, 4, 6), (2, 5, 6), SEEN], keywords=["attention_mask"]),
    case(inputs=[(2, 4, 6), (2, 5, 6), SEEN], keywords=["attention_mask"], masks=[MASK, KEYS, None]),
    case({"dropout": 0.25, "seed": 3}),
]
