from keras import layers as L
from layers import Case

SHAPE = (3, 5, 2)
MASK = [[1, 1, 0, 1, 0], [0, 0, 1, 1, 1], [1, 0, 0, 0, 0]]

CASES = [
    Case(lambda mode=mode, sequences=sequences: L.Bidirectional(L.LSTM(3, return_sequences=sequences), merge_mode=mode), [SHAPE])
    for mode in ["concat", "sum", "mul", "ave", None]
    for sequences in [False, True]
] + [
    Case(lambda layer=layer, sequences=sequences: L.Bidirectional(layer(3, return_sequences=sequences)), [SHAPE],
         masks=[MASK], is_saved=False)
    for layer in [L.SimpleRNN, L.GRU, L.LSTM]
    for sequences in [False, True]
] + [
    Case(lambda: L.Bidirectional(L.GRU(3, return_state=True)), [SHAPE]),
    Case(lambda: L.Bidirectional(L.GRU(3)), [SHAPE, (3, 3), (3, 3)], keyword="initial_state"),
    Case(lambda: L.Bidirectional(L.LSTM(3, return_state=True, return_sequences=True)), [SHAPE] + [(3, 3)] * 4,
         keyword="initial_state"),
    Case(lambda: L.Bidirectional(L.LSTM(3), backward_layer=L.GRU(4, go_backwards=True, activation="relu")), [SHAPE]),
    Case(lambda: L.Bidirectional(L.RNN(L.GRUCell(3), return_sequences=True)), [SHAPE]),
]
