from keras import layers as L
from layers import Case

CASES = [Case(lambda: L.Add(), [(2, 3, 4)] * 3)]
