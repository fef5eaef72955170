from keras import layers as L
from layers import Case

NUMBERS = [[0, 1, 1], [2, 3, 3], [4, 4, 4], [7, -1, 0]]

CASES = [
    Case(lambda mode=mode: L.CategoryEncoding(5, output_mode=mode), [numbers])
    for mode in ["one_hot", "multi_hot", "count"]
    for numbers in [NUMBERS, [[0], [3], [9]]]
]
