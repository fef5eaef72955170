import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// How a parameter's first values are drawn.
public struct Initializer: Sendable {
    private let make: @Sendable (Shape, DType, inout RandomGenerator) -> Tensor

    /// An initializer of your own: given shape and dtype, it returns the values.
    public init(_ make: @escaping @Sendable (Shape, DType, inout RandomGenerator) -> Tensor) {
        self.make = make
    }

    public func callAsFunction(
        _ shape: Shape, dtype: DType = .float32, generator: inout RandomGenerator
    ) -> Tensor {
        make(shape, dtype, &generator)
    }

    // MARK: Constants

    public static let zeros = Initializer { shape, dtype, _ in Tensor(zeros: shape, dtype: dtype) }
    public static let ones = Initializer { shape, dtype, _ in Tensor(ones: shape, dtype: dtype) }

    public static func constant(_ value: Double) -> Initializer {
        Initializer { shape, dtype, _ in Tensor(value).cast(to: dtype).expanded(to: shape) }
    }

    /// `gain` on the diagonal of a matrix. Traps for other ranks.
    public static func identity(gain: Double = 1) -> Initializer {
        Initializer { shape, dtype, _ in
            require(shape.rank == 2, "identity initializer: shape \(shape), expected rank 2")
            let columns = Tensor(range: 0..<shape[1])
            let rows = Tensor(range: 0..<shape[0]).expandingAxis(at: 1)
            return (rows .== columns).cast(to: dtype) * gain
        }
    }

    // MARK: Random

    public static func randomUniform(in range: Range<Double> = -0.05..<0.05) -> Initializer {
        Initializer { shape, dtype, generator in
            Tensor(uniform: shape, in: range, dtype: dtype, using: &generator)
        }
    }

    public static func randomNormal(mean: Double = 0, standardDeviation: Double = 0.05) -> Initializer {
        Initializer { shape, dtype, generator in
            Tensor(
                normal: shape, mean: mean, standardDeviation: standardDeviation, dtype: dtype,
                using: &generator)
        }
    }

    /// Normal, drawn again beyond two standard deviations.
    public static func truncatedNormal(mean: Double = 0, standardDeviation: Double = 0.05) -> Initializer {
        Initializer { shape, dtype, generator in
            Tensor(
                truncatedNormal: shape, mean: mean, standardDeviation: standardDeviation, dtype: dtype,
                using: &generator)
        }
    }

    /// Rows or columns, whichever are fewer, of length `gain` and at right angles to each other, uniformly
    /// among all such (Saxe et al. 2014, arXiv 1312.6120): the Q of a random matrix's QR decomposition, the
    /// signs made unique. Shapes of more than two axes are matrices of all axes but the last by the last.
    public static func orthogonal(gain: Double = 1) -> Initializer {
        Initializer { shape, dtype, generator in
            require(shape.rank >= 2, "orthogonal initializer: shape \(shape), expected rank 2 or more")
            let columns = shape[-1]
            let rows = shape.sizes.dropLast().reduce(1, *)
            guard rows > 0, columns > 0 else { return Tensor(zeros: shape, dtype: dtype) }
            let tall: Shape = [max(rows, columns), min(rows, columns)]
            let random = Tensor(normal: tall, dtype: dtype, using: &generator)
            guard let (q, r) = try? random.qr() else {
                fail("orthogonal initializer: a random matrix holds NaN")
            }
            let diagonal = (r * Tensor(identity: tall[1], dtype: dtype)).sum(axes: [0])
            let signed = q * Tensor.where(diagonal .< 0, diagonal.constant(-1), diagonal.constant(1)) * gain
            return (rows < columns ? signed.transposed() : signed).reshaped(to: shape)
        }
    }
}
