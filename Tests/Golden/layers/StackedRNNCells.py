from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.StackedRNNCells([L.GRUCell(3), L.SimpleRNNCell(2), L.GRUCell(4)]),
         [(2, 5), (2, 3), (2, 2), (2, 4)], keyword="states"),
]
