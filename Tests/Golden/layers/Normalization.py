from keras import layers as L
from layers import Case


class Filled(Case):
    def fill(self, layer, random):
        super().fill(layer, random)
        # Of which it keeps a copy.
        layer.finalize_state()


CASES = [
    Filled(lambda: L.Normalization(), [(4, 3)]),
    Filled(lambda: L.Normalization(invert=True), [(4, 2, 3)]),
    Filled(lambda: L.Normalization(axis=None), [(4, 3)]),
    Filled(lambda: L.Normalization(axis=(1, -1)), [(2, 3, 2, 4)]),
    Filled(lambda: L.Normalization(mean=3.0, variance=2.0), [(4, 3)]),
    Filled(lambda: L.Normalization(mean=[1.0, 2.0, 0.5], variance=[2.0, 0.25, 0.0], invert=True), [(2, 3)]),
    Filled(lambda: L.Normalization(axis=(1, 2), mean=[[1.0, 2.0]], variance=[[2.0, 0.25]]), [(2, 3, 2)]),
]
