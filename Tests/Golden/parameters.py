"""Golden values of initializers, regularizers and constraints: a file for each, FAMILY/NAME.json.

    python parameters.py
"""

from support import Random, case, configuration, differentiate, keras, np, use_precision, write

use_precision("float64")
I, R, C = keras.initializers, keras.regularizers, keras.constraints

# Keras's random numbers are not Citius's: of random initializers only the description is compared.
INITIALIZERS = [
    [I.Zeros()], [I.Ones()], [I.Constant(2.5)], [I.Identity(2.0)], [I.RandomNormal(), I.RandomNormal(0.5, 0.25)],
    [I.RandomUniform(), I.RandomUniform(-1.0, 2.0)], [I.TruncatedNormal(), I.TruncatedNormal(1.0, 0.5)],
    [
        I.VarianceScaling(), I.VarianceScaling(2.0, "fan_out", "uniform"),
        I.VarianceScaling(0.5, "fan_avg", "untruncated_normal"),
        I.VarianceScaling(1.0, input_axes=[0, 1], output_axes=[2, 3]),
    ],
    [I.GlorotUniform(), I.GlorotUniform(input_axes=[0], output_axes=[1, 2])], [I.GlorotNormal()], [I.HeUniform()],
    [I.HeNormal()], [I.LecunUniform()], [I.LecunNormal()], [I.Orthogonal(), I.Orthogonal(0.5, seed=3)],
]
REGULARIZERS = [
    [R.L1(0.25)], [R.L2(0.125)], [R.L1L2(0.25, 0.125)],
    [R.OrthogonalRegularizer(0.25), R.OrthogonalRegularizer(0.125, mode="columns")],
]
CONSTRAINTS = [
    [C.MaxNorm(), C.MaxNorm(0.75, axis=1), C.MaxNorm(1.25, axis=[0, 1])], [C.NonNeg()], [C.UnitNorm(), C.UnitNorm(axis=1)],
    [C.MinMaxNorm(), C.MinMaxNorm(0.5, 0.75, rate=0.25, axis=[0, 1])],
]


def initializer_cases(values):
    for value in values:
        is_random = hasattr(value, "seed")
        yield case(type(value).__name__, configuration(value), value=None if is_random else value((3, 4)))


def regularizer_cases(values):
    random = Random(20)
    for value in values:
        x, settings = random(4, 3), configuration(value)
        if hasattr(value, "factor"):  # Keras keeps it in float32, whatever the precision.
            value.factor = np.float64(value.factor)
        penalty, (gradient,) = differentiate(value, [x], lambda _: 1.0)
        yield case(type(value).__name__, settings, input=x, output=penalty, d_input=gradient)


def constraint_cases(values):
    random = Random(21)
    for value in values:
        x = random(4, 3, low=-2, high=2)
        yield case(type(value).__name__, configuration(value), input=x, output=np.asarray(value(x)))


if __name__ == "__main__":
    for family, groups, cases in [
        ("initializers", INITIALIZERS, initializer_cases), ("regularizers", REGULARIZERS, regularizer_cases),
        ("constraints", CONSTRAINTS, constraint_cases),
    ]:
        for values in groups:
            write(f"{family}/{type(values[0]).__name__}", list(cases(values)))
