from keras import layers as L
from layers import Case

NUMBERS = [[0, 1, 1], [2, 3, 3], [4, 4, 4], [7, -1, 0]]

CASES = [
    # Keras on NumPy stops at numbers that are out of range.
    Case(
        lambda mode=mode: L.CategoryEncoding(5, output_mode=mode), [numbers],
        is_saved=all(0 <= x < 5 for row in numbers for x in row),
    )
    for mode in ["one_hot", "multi_hot", "count"]
    for numbers in [NUMBERS, [[0], [3], [9]], [[0, 1, 1], [4, 3, 3]]]
]
