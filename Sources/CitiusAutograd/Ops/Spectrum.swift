import CitiusPlatform
import CitiusTensor

/// What a piece of a signal is weighted by before its spectrum is taken, so that it fades in and out.
public enum SpectralWindow: Sendable {
    /// (1 − cos(2πn/N))/2.
    case hann
    /// 0.54 − 0.46·cos(2πn/N).
    case hamming
    /// None: all of a piece counts, whatever the sequence's length.
    case rectangular

    /// The weights of a piece's samples, in float64, of which so many in the middle count.
    func weights(_ count: Int, of length: Int) -> Tensor {
        let before = (length - count) / 2
        let cosine = (Tensor(range: 0..<count, dtype: .float64) * (2 * Double.pi / Double(count))).cos()
        let weights =
            switch self {
            case .hann: cosine * -0.5 + 0.5
            case .hamming: cosine * -0.46 + 0.54
            case .rectangular: Tensor(ones: [length], dtype: .float64)
            }
        return weights.count == length ? weights : weights.padded([(before, length - count - before)])
    }
}

extension Variable {
    /// The spectra of overlapping pieces of signals: the short-time Fourier transform.
    ///
    /// ```
    /// y[…, t, k] = Σₙ x[…, stride·t + n] · window[n] · e^(−2πi·k·n/fftLength)
    /// ```
    ///
    /// ```swift
    /// let (real, imaginary) = sound.stft(sequenceLength: 400, sequenceStride: 160, fftLength: 512)
    /// let power = real.squared() + imaginary.squared()
    /// ```
    ///
    /// # Shapes
    /// [.., samples] → [.., pieces, fftLength/2 + 1], the real and the imaginary parts.
    ///
    /// - Parameters:
    ///   - sequenceLength: how many samples of a piece count.
    ///   - sequenceStride: how far one piece begins behind the one before.
    ///   - fftLength: how long a piece is; those that do not count lie on both sides.
    ///   - window: what the samples are weighted by.
    ///   - centers: whether the signal is mirrored at both ends, so that piece t is centered at sample stride·t.
    ///
    /// A piece's spectrum is a product with a matrix: a time of the order of fftLength² for each.
    ///
    /// Traps if the signal is shorter than a piece, or a length is out of range. Source: `keras.ops.stft`.
    public func stft(
        sequenceLength: Int, sequenceStride: Int, fftLength: Int, window: SpectralWindow = .hann,
        centers: Bool = true
    ) -> (real: Variable, imaginary: Variable) {
        require(
            sequenceLength > 0 && sequenceStride > 0 && fftLength >= sequenceLength,
            "stft: sequenceLength \(sequenceLength), sequenceStride \(sequenceStride) and fftLength \(fftLength), "
                + "expected positive ones, the last one at least the first")
        require(shape.rank >= 1, "stft: a scalar, expected [.., samples]")
        let margin = fftLength / 2
        require(
            centers ? shape[-1] > margin : shape[-1] >= fftLength,
            "stft: \(shape[-1]) samples are too few for pieces of \(fftLength)")
        var signal = self
        if centers {
            let widths = [(before: Int, after: Int)](repeating: (0, 0), count: shape.rank - 1)
            signal = padded(widths + [(margin, margin)], mode: .reflect)
        }
        let pieces = (signal.shape[-1] - fftLength) / sequenceStride + 1
        let starts = (Tensor(range: 0..<pieces) * Double(sequenceStride)).expandingAxis(at: 1)
        let frames = signal.taking(starts + Tensor(range: 0..<fftLength), axis: -1)
        let weights = window.weights(sequenceLength, of: fftLength)
        // k·n is taken modulo the length, so that large ones lose no digits.
        let turns = Tensor(
            (0..<fftLength).flatMap { n in
                (0...fftLength / 2).map { k in Double((n * k) % fftLength) / Double(fftLength) }
            }, shape: [fftLength, fftLength / 2 + 1])
        let angles = turns * (-2 * Double.pi)
        let column = weights.expandingAxis(at: 1)
        return (
            frames.matmul(Variable((angles.cos() * column).cast(to: dtype))),
            frames.matmul(Variable((angles.sin() * column).cast(to: dtype)))
        )
    }
}

extension Tensor {
    /// The spectra of overlapping pieces of signals: see `Variable.stft`.
    public func stft(
        sequenceLength: Int, sequenceStride: Int, fftLength: Int, window: SpectralWindow = .hann,
        centers: Bool = true
    ) -> (real: Tensor, imaginary: Tensor) {
        let (real, imaginary) = Variable(self).stft(
            sequenceLength: sequenceLength, sequenceStride: sequenceStride, fftLength: fftLength,
            window: window,
            centers: centers)
        return (real.value, imaginary.value)
    }
}
