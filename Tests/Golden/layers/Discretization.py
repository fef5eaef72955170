from keras import layers as L
from layers import Case

BOUNDS = [-0.5, 0.0, 0.25, 0.75]
EDGES = [[-0.5, -0.6], [0.0, 0.25], [0.75, 1.0], [1e30, -1e30]]

CASES = [Case(lambda: L.Discretization(BOUNDS), [EDGES])] + [
    Case(lambda mode=mode: L.Discretization(BOUNDS, output_mode=mode), [shape])
    for mode in ["int", "one_hot", "multi_hot", "count"]
    for shape in [(5, 3), (5, 1)]
]
