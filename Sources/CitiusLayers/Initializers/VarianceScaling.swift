import CitiusAutograd
import CitiusConfiguration
import CitiusTensor

// Values whose variance suits the number of connections, so that signals neither grow nor fade from layer to
// layer. Formulas as in Keras.
extension Initializer {
    /// What the variance is divided by.
    public enum Fan: String, Codable, Sendable {
        case inputs = "fan_in"
        case outputs = "fan_out"
        case average = "fan_avg"
    }

    /// The distribution that values are drawn from.
    public enum Distribution: String, Codable, Sendable {
        case uniform
        case normal = "untruncated_normal"
        case truncatedNormal = "truncated_normal"
    }

    /// Random values of mean 0 and variance `scale` / fan.
    public struct VarianceScaling: InitializerKind {
        public static let module: String? = "keras.initializers"
        public let scale: Double
        public let fan: Fan
        public let distribution: Distribution
        /// The axes whose sizes' product is the number of inputs, and that of outputs, where both are given.
        public let inputAxes: [Int]?
        public let outputAxes: [Int]?
        private var seed = Seed()

        public init(
            scale: Double, fan: Fan, distribution: Distribution, inputAxes: [Int]? = nil,
            outputAxes: [Int]? = nil
        ) {
            self.scale = scale
            self.fan = fan
            self.distribution = distribution
            self.inputAxes = inputAxes
            self.outputAxes = outputAxes
        }

        public var fault: String? {
            scale > 0 && scale.isFinite ? nil : "scale is \(scale), expected a positive number"
        }

        enum CodingKeys: String, CodingKey {
            case scale
            case fan = "mode"
            case distribution, inputAxes, outputAxes, seed
        }

        public func callAsFunction(
            _ shape: Shape, dtype: DType, generator: inout RandomGenerator
        ) -> Tensor {
            let fans = fans(of: shape)
            let divisor =
                switch fan {
                case .inputs: fans.inputs
                case .outputs: fans.outputs
                case .average: (fans.inputs + fans.outputs) / 2
                }
            let variance = scale / max(1, divisor)
            switch distribution {
            case .uniform:
                let limit = (3 * variance).squareRoot()
                return Tensor(uniform: shape, in: -limit..<limit, dtype: dtype, using: &generator)
            case .normal:
                return Tensor(
                    normal: shape, standardDeviation: variance.squareRoot(), dtype: dtype, using: &generator)
            case .truncatedNormal:
                let deviation = variance.squareRoot() / 0.879_625_661_034_239_78
                return Tensor(
                    truncatedNormal: shape, standardDeviation: deviation, dtype: dtype, using: &generator)
            }
        }

        private func fans(of shape: Shape) -> (inputs: Double, outputs: Double) {
            if let inputAxes, let outputAxes {
                func size(_ axes: [Int]) -> Double { axes.reduce(1) { $0 * Double(shape[$1]) } }
                return (size(inputAxes), size(outputAxes))
            }
            switch shape.rank {
            case 0: return (1, 1)
            case 1: return (Double(shape[0]), Double(shape[0]))
            default:
                let window = Double(shape.sizes.dropLast(2).reduce(1, *))
                return (window * Double(shape[-2]), window * Double(shape[-1]))
            }
        }
    }

    /// Random values of mean 0 and variance `scale` / fan.
    ///
    /// A kernel's inputs are its second to last axis, its outputs the last one; both count once for each
    /// cell of a convolution's window. The truncated normal is widened by 1 / 0.87962566103423978, the
    /// standard deviation that truncation at 2 leaves. Traps if the scale is not positive.
    public static func varianceScaling(
        scale: Double = 1, fan: Fan = .inputs, distribution: Distribution = .truncatedNormal
    ) -> Initializer {
        Initializer(VarianceScaling(scale: scale, fan: fan, distribution: distribution))
    }
}
