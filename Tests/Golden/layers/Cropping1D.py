from keras import layers as L
from layers import Case

CASES = [Case(lambda: L.Cropping1D(), [(2, 4, 2)]), Case(lambda: L.Cropping1D((0, 3)), [(2, 4, 2)])]
