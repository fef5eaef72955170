import CitiusAutograd
import CitiusConfiguration
import CitiusKernels
import CitiusPlatform

extension Regularizer {
    /// Which vectors of a matrix are to be at right angles.
    public enum OrthogonalMode: String, Codable, Sendable { case rows, columns }

    /// factor · the mean of |cos| of the angles between each two rows, or columns, of a matrix: zero where they are
    /// at right angles.
    public struct OrthogonalRegularizer: RegularizerKind {
        public static let module: String? = "keras.regularizers"
        public let factor: Double
        public let mode: OrthogonalMode

        public init(factor: Double, mode: OrthogonalMode) {
            self.factor = factor
            self.mode = mode
        }

        public var fault: String? { Regularizer.fault(ofFactor: factor, "factor") }

        public func callAsFunction(_ parameter: Variable) -> Variable {
            require(
                parameter.shape.rank == 2,
                "orthogonal regularizer: parameter \(parameter.shape), expected rank 2")
            let rows = mode == .rows ? parameter : parameter.transposed()
            let count = rows.shape[0]
            // The bound keeps a row of zeros at zero, and its gradient finite.
            let lengths = rows.squared().sum(axes: [1], keepingAxes: true).maximum(1e-14).sqrt()
            let directions = rows / lengths
            let cosines = directions.matmul(directions, transposingRight: true)
            let others = 1 - Tensor(identity: count, dtype: parameter.dtype)
            // Each pair is in the matrix twice.
            return (cosines * others).abs().sum() * (factor / Double(count * (count - 1)))
        }
    }

    /// factor · the mean of |cos| of the angles between each two rows (or columns) of a matrix.
    ///
    /// Traps for parameters of another rank than 2, and if the factor is negative or not finite.
    public static func orthogonal(factor: Double = 0.01, mode: OrthogonalMode = .rows) -> Regularizer {
        Regularizer(OrthogonalRegularizer(factor: factor, mode: mode))
    }
}
