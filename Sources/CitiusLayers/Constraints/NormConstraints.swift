import CitiusAutograd
import CitiusConfiguration

// Norms are lengths over some of a parameter's axes: over axis 0 of a dense kernel [inputs, outputs] they are those
// of each output's weights; of a convolution's [height, width, inputs, outputs] these are axes 0, 1 and 2.

extension Constraint {
    /// Shortens vectors that are longer than a bound.
    public struct MaxNorm: ConstraintKind {
        public static let module: String? = "keras.constraints"
        public let maxValue: Double
        public let axis: AxisList

        public var fault: String? { maxValue >= 0 ? nil : "the bound is \(maxValue), expected 0 or more" }

        public func callAsFunction(_ value: Tensor) -> Tensor {
            scaled(value, axis) { $0.clamped(to: 0...maxValue) }
        }
    }

    /// Gives vectors the length 1.
    public struct UnitNorm: ConstraintKind {
        public static let module: String? = "keras.constraints"
        public let axis: AxisList

        public func callAsFunction(_ value: Tensor) -> Tensor { value / (norms(value, axis) + epsilon) }
    }

    /// Draws lengths into a range, by a fraction of the way each time.
    public struct MinMaxNorm: ConstraintKind {
        public static let module: String? = "keras.constraints"
        public let minValue: Double
        public let maxValue: Double
        public let rate: Double
        public let axis: AxisList

        public var fault: String? {
            minValue >= 0 && minValue <= maxValue
                ? nil : "the range is \(minValue)…\(maxValue), expected one from 0 or more"
        }

        public func callAsFunction(_ value: Tensor) -> Tensor {
            scaled(value, axis) { $0.clamped(to: minValue...maxValue) * rate + $0 * (1 - rate) }
        }
    }

    /// Shortens vectors longer than `bound` to that length.
    ///
    /// - Parameter axes: what a vector runs along; axis 0 holds the inputs of a dense kernel `[inputs, outputs]`, axes
    ///   0, 1 and 2 those of a convolution's.
    ///
    /// Traps if the bound is negative.
    public static func maxNorm(_ bound: Double = 2, axes: [Int] = [0]) -> Constraint {
        Constraint(MaxNorm(maxValue: bound, axis: AxisList(axes)))
    }

    /// Gives vectors along these axes the length 1.
    public static func unitNorm(axes: [Int] = [0]) -> Constraint {
        Constraint(UnitNorm(axis: AxisList(axes)))
    }

    /// Brings the lengths of vectors along these axes into a range: to rate·clamped length + (1 − rate)·length.
    ///
    /// Traps if the range starts below 0.
    public static func minMaxNorm(
        _ range: ClosedRange<Double> = 0...1, rate: Double = 1, axes: [Int] = [0]
    ) -> Constraint {
        Constraint(
            MinMaxNorm(
                minValue: range.lowerBound, maxValue: range.upperBound, rate: rate, axis: AxisList(axes)))
    }

    /// Keeps a vector of zeros from a division by 0, as in Keras.
    private static let epsilon = 1e-7

    private static func norms(_ value: Tensor, _ axis: AxisList) -> Tensor {
        value.squared().sum(axes: axis.numbers, keepingAxes: true).sqrt()
    }

    private static func scaled(_ value: Tensor, _ axis: AxisList, _ wanted: (Tensor) -> Tensor) -> Tensor {
        let norms = norms(value, axis)
        return value * (wanted(norms) / (norms + epsilon))
    }
}
