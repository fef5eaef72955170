from keras import layers as L
from layers import Case

SHAPE = (3, 5, 2)
# Steps in the middle, at the beginning and at the end.
MASK = [[1, 1, 0, 1, 0], [0, 0, 1, 1, 1], [1, 0, 0, 0, 0]]
STATES = [(3, 3)] * 1

CASES = [
    Case(lambda sequences=sequences, states=states, backwards=backwards: L.GRU(
        3, return_sequences=sequences, return_state=states, go_backwards=backwards), [SHAPE])
    for sequences in [False, True]
    for states in [False, True]
    for backwards in [False, True]
] + [
    Case(lambda sequences=sequences, backwards=backwards, zeros=zeros: L.GRU(
        3, return_sequences=sequences, return_state=True, go_backwards=backwards, zero_output_for_mask=zeros),
        [SHAPE], masks=[MASK], is_saved=False)
    for sequences in [False, True]
    for backwards in [False, True]
    for zeros in [False, True]
] + [
    Case(lambda: L.GRU(3, return_sequences=True, return_state=True), [SHAPE] + STATES, keyword="initial_state"),
    Case(lambda: L.GRU(3, return_sequences=True, return_state=True), [SHAPE] + STATES, masks=[MASK] + [None] * 1,
         keyword="initial_state", is_saved=False),
    Case(lambda: L.GRU(17, unroll=True), [(2, 3, 18)], low=-0.3, high=0.3),
    Case(lambda: L.GRU(3, activation="relu", recurrent_activation="hard_sigmoid"), [SHAPE]),
    Case(lambda: L.GRU(3, activation="linear", use_bias=False, return_sequences=True), [SHAPE]),
    Case(lambda: L.GRU(3, activation="softsign"), [SHAPE]),
    Case(lambda: L.GRU(3, reset_after=False, return_sequences=True), [SHAPE]),
    Case(lambda: L.GRU(3, reset_after=False, go_backwards=True, use_bias=False), [SHAPE]),
    Case(lambda: L.GRU(3, reset_after=False, activation="softsign"), [SHAPE]),
    Case(lambda: L.GRU(3, reset_after=False, return_sequences=True), [SHAPE, (3, 3)], masks=[MASK, None],
         keyword="initial_state", is_saved=False),
    Case(
        lambda: L.GRU(
            3, return_sequences=True, kernel_regularizer="l1", recurrent_regularizer="l2",
            activity_regularizer="l2", recurrent_constraint="max_norm",
        ),
        [SHAPE],
    ),
]
