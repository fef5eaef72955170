import CitiusAutograd
import CitiusConfiguration
import CitiusTensor

extension Initializer {
    /// Evenly spread over a range.
    public struct RandomUniform: InitializerKind {
        public static let module: String? = "keras.initializers"
        public let minimum: Double
        public let maximum: Double
        private var seed = Seed()

        public init(minimum: Double, maximum: Double) {
            (self.minimum, self.maximum) = (minimum, maximum)
        }

        public var fault: String? {
            minimum <= maximum ? nil : "values from \(minimum) to \(maximum), expected a range"
        }

        enum CodingKeys: String, CodingKey {
            case minimum = "minval"
            case maximum = "maxval"
            case seed
        }

        public func callAsFunction(
            _ shape: Shape, dtype: DType, generator: inout RandomGenerator
        ) -> Tensor {
            Tensor(uniform: shape, in: minimum..<maximum, dtype: dtype, using: &generator)
        }
    }

    /// Normally distributed.
    public struct RandomNormal: InitializerKind {
        public static let module: String? = "keras.initializers"
        public let mean: Double
        public let standardDeviation: Double
        private var seed = Seed()

        public init(mean: Double, standardDeviation: Double) {
            (self.mean, self.standardDeviation) = (mean, standardDeviation)
        }

        public var fault: String? {
            standardDeviation >= 0
                ? nil : "the standard deviation is \(standardDeviation), expected 0 or more"
        }

        enum CodingKeys: String, CodingKey {
            case mean
            case standardDeviation = "stddev"
            case seed
        }

        public func callAsFunction(
            _ shape: Shape, dtype: DType, generator: inout RandomGenerator
        ) -> Tensor {
            Tensor(
                normal: shape, mean: mean, standardDeviation: standardDeviation, dtype: dtype,
                using: &generator)
        }
    }

    /// Normally distributed, drawn again beyond two standard deviations.
    public struct TruncatedNormal: InitializerKind {
        public static let module: String? = "keras.initializers"
        public let mean: Double
        public let standardDeviation: Double
        private var seed = Seed()

        public init(mean: Double, standardDeviation: Double) {
            (self.mean, self.standardDeviation) = (mean, standardDeviation)
        }

        public var fault: String? {
            standardDeviation >= 0
                ? nil : "the standard deviation is \(standardDeviation), expected 0 or more"
        }

        enum CodingKeys: String, CodingKey {
            case mean
            case standardDeviation = "stddev"
            case seed
        }

        public func callAsFunction(
            _ shape: Shape, dtype: DType, generator: inout RandomGenerator
        ) -> Tensor {
            Tensor(
                truncatedNormal: shape, mean: mean, standardDeviation: standardDeviation, dtype: dtype,
                using: &generator)
        }
    }

    public static func randomUniform(in range: Range<Double> = -0.05..<0.05) -> Initializer {
        Initializer(RandomUniform(minimum: range.lowerBound, maximum: range.upperBound))
    }

    public static func randomNormal(mean: Double = 0, standardDeviation: Double = 0.05) -> Initializer {
        Initializer(RandomNormal(mean: mean, standardDeviation: standardDeviation))
    }

    /// Normal, drawn again beyond two standard deviations.
    public static func truncatedNormal(mean: Double = 0, standardDeviation: Double = 0.05) -> Initializer {
        Initializer(TruncatedNormal(mean: mean, standardDeviation: standardDeviation))
    }
}
