from keras import Sequential
from keras import layers as L
from layers import Case

MASK = [[1, 1, 0, 1], [0, 0, 1, 1]]

CASES = [
    Case(lambda: L.TimeDistributed(L.Dense(3, activation="tanh")), [(2, 4, 5)]),
    Case(lambda: L.TimeDistributed(L.Dense(3)), [(2, 4, 5)], masks=[MASK], is_saved=False),
    Case(lambda: L.TimeDistributed(L.Conv2D(2, 3, padding="same")), [(2, 3, 5, 4, 2)]),
    Case(lambda: L.TimeDistributed(L.BatchNormalization()), [(6, 2, 3)], training=True),
    Case(lambda: L.TimeDistributed(L.BatchNormalization()), [(6, 2, 3)]),
    Case(lambda: L.TimeDistributed(L.LSTM(3)), [(2, 3, 4, 2)]),
    Case(lambda: L.TimeDistributed(Sequential([L.Dense(3, activation="relu"), L.Dense(2)])), [(2, 4, 5)]),
]
