"""Golden values of functions of `keras.ops`, from Keras on JAX in float64: one case for each."""

import layers  # noqa: F401  (sets Keras up)
from support import Random, case, keras, np, use_precision, write

if __name__ == "__main__":
    use_precision("float64")
    random, ops = Random(21), keras.ops
    x, y = random(3, 4, 5), random(3, 4, 5)
    signal = random(2, 40)
    cases = [
        case("eye", {}, output=ops.eye(3, 5, k=1)),
        case("linspace", {}, output=ops.linspace(-1.5, 2.0, 7), open=ops.linspace(-1.5, 2.0, 7, endpoint=False)),
        case("psnr", {}, x=x, y=y, output=ops.psnr(x, y, 2.0)),
        case("rsqrt", {}, x=np.abs(x), output=ops.rsqrt(np.abs(x))),
        case("moments", {}, x=x, mean=ops.moments(x, [0, 2])[0], variance=ops.moments(x, [0, 2])[1]),
        case("slice_update", {}, x=x, y=y[:2, 1:, :3], output=ops.slice_update(x, (1, 0, 2), y[:2, 1:, :3])),
        case(
            "norm", {}, x=x, all=ops.norm(x), rows=ops.norm(x, axis=-1, keepdims=True), one=ops.norm(x, 1, axis=1),
            three=ops.norm(x, 3, axis=1), zero=ops.norm(x, 0, axis=1), largest=ops.norm(x, np.inf, axis=1),
            smallest=ops.norm(x, -np.inf, axis=1), frobenius=ops.norm(x, "fro", axis=(0, 2)),
        ),
    ]
    pads = ((1, 2), (0, 0), (2, 1))
    modes = dict(reflect="reflect", symmetric="symmetric", edge="edge", wrap="wrap")
    cases.append(case("pad", {}, x=x, **{name: ops.pad(x, pads, mode=mode) for name, mode in modes.items()}))
    for name, arguments in dict(
        hann=dict(window="hann"), hamming=dict(window="hamming"), rectangular=dict(window=None),
        uncentered=dict(window="hann", center=False),
    ).items():
        real, imaginary = ops.stft(signal, 6, 3, 9, **arguments)
        cases.append(case("stft " + name, {}, x=signal, real=real, imaginary=imaginary))
    write("ops", cases)
