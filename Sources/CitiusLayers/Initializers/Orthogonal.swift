import CitiusAutograd
import CitiusConfiguration
import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Initializer {
    /// Rows or columns, whichever are fewer, of one length and at right angles to each other.
    public struct Orthogonal: InitializerKind {
        public static let module: String? = "keras.initializers"
        public static let aliases = ["OrthogonalInitializer"]
        public let gain: Double
        private var seed = Seed()

        public init(gain: Double) { self.gain = gain }

        public func callAsFunction(
            _ shape: Shape, dtype: DType, generator: inout RandomGenerator
        ) -> Tensor {
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
            let signed =
                q * Tensor.where(diagonal .< 0, diagonal.constant(-1), diagonal.constant(1)) * gain
            return (rows < columns ? signed.transposed() : signed).reshaped(to: shape)
        }
    }

    /// Rows or columns, whichever are fewer, of length `gain` and at right angles to each other, uniformly
    /// among all such (Saxe et al. 2014, arXiv 1312.6120): the Q of a random matrix's QR decomposition, the
    /// signs made unique. Shapes of more than two axes are matrices of all axes but the last by the last.
    public static func orthogonal(gain: Double = 1) -> Initializer { Initializer(Orthogonal(gain: gain)) }
}
