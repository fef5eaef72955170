from keras import layers as L
from layers import Case

CASES = [
    Case(lambda: L.EinsumDense("ab,bc->ac", 4, bias_axes="c", activation="tanh"), [(3, 5)]),
    Case(lambda: L.EinsumDense("abc,cd->abd", (None, 4), bias_axes="d"), [(2, 3, 5)]),
    Case(lambda: L.EinsumDense("abc,cde->abde", (None, 2, 4), bias_axes="de"), [(2, 3, 5)]),
    Case(lambda: L.EinsumDense("abde,dec->abc", (None, 5), bias_axes="c"), [(2, 3, 2, 4)]),
    Case(lambda: L.EinsumDense("abc,bd->adc", (4, None), bias_axes="d"), [(2, 3, 5)]),
    Case(lambda: L.EinsumDense("abc,bcd->abd", (3, 4), bias_axes="bd"), [(2, 3, 5)]),
    Case(lambda: L.EinsumDense("...x,xy->...y", 4, bias_axes="y"), [(2, 3, 2, 5)]),
    Case(lambda: L.EinsumDense("ab...,bc->ac...", 4, bias_axes="c"), [(2, 3, 2, 5)]),
    Case(lambda: L.EinsumDense("abc,cd->abd", (None, 4)), [(2, 3, 5)], masks=[[[1, 1, 0], [1, 0, 0]]], is_saved=False),
    Case(lambda: L.EinsumDense("ab,bc->ac", 4, kernel_regularizer="l2", activity_regularizer="l1"), [(3, 5)]),
]
