from keras import layers as L
from layers import Case

SHAPE = (3, 5, 2)
MASK = [[1, 1, 0, 1, 0], [0, 0, 1, 1, 1], [1, 0, 0, 0, 0]]


def stack():
    return [L.LSTMCell(3), L.GRUCell(2), L.LSTMCell(4, activation="softsign")]


CASES = [
    Case(lambda make=make, sequences=sequences, backwards=backwards: L.RNN(
        make(), return_sequences=sequences, go_backwards=backwards), [SHAPE])
    for make in [lambda: L.SimpleRNNCell(3), lambda: L.LSTMCell(3), lambda: L.GRUCell(3), stack]
    for sequences, backwards in [(False, False), (True, False), (True, True)]
] + [
    Case(lambda sequences=sequences, backwards=backwards, zeros=zeros: L.RNN(
        stack(), return_sequences=sequences, go_backwards=backwards, zero_output_for_mask=zeros),
        [SHAPE], masks=[MASK], is_saved=False)
    for sequences, backwards in [(False, False), (True, False), (True, True)]
    for zeros in [False, True]
] + [
    Case(lambda: L.RNN(L.LSTMCell(3), return_state=True), [SHAPE, (3, 3), (3, 3)], keyword="initial_state"),
    Case(lambda: L.RNN([L.GRUCell(3), L.SimpleRNNCell(2)], return_state=True), [SHAPE]),
]
