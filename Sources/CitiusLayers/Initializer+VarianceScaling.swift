import CitiusKernels
import CitiusPlatform
import CitiusTensor

// Values whose variance suits the number of connections, so that signals neither grow nor fade from layer to
// layer. Formulas as in Keras.
extension Initializer {
    /// What the variance is divided by.
    public enum Fan: Sendable {
        case inputs, outputs, average
    }

    /// The distribution that values are drawn from.
    public enum Distribution: Sendable {
        case uniform, normal, truncatedNormal
    }

    /// Random values of mean 0 and variance `scale` / fan.
    ///
    /// A kernel's inputs are its second to last axis, its outputs the last one; both count once for each
    /// cell of a convolution's window. The truncated normal is widened by 1 / 0.87962566103423978, the
    /// standard deviation that truncation at 2 leaves. Traps if the scale is not positive.
    public static func varianceScaling(
        scale: Double = 1, fan: Fan = .inputs, distribution: Distribution = .truncatedNormal
    ) -> Initializer {
        require(scale > 0, "varianceScaling: scale is \(scale), expected a positive number")
        return Initializer { shape, dtype, generator in
            let fans = Self.fans(of: shape)
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
    }

    /// Glorot and Bengio 2010 (proceedings.mlr.press/v9/glorot10a): variance 2 / (inputs + outputs).
    public static let glorotUniform = varianceScaling(fan: .average, distribution: .uniform)
    public static let glorotNormal = varianceScaling(fan: .average)
    /// He et al. 2015 (arXiv 1502.01852): variance 2 / inputs, for relu.
    public static let heUniform = varianceScaling(scale: 2, distribution: .uniform)
    public static let heNormal = varianceScaling(scale: 2)
    /// LeCun et al. 1998, "Efficient BackProp": variance 1 / inputs.
    public static let lecunUniform = varianceScaling(distribution: .uniform)
    public static let lecunNormal = varianceScaling()

    private static func fans(of shape: Shape) -> (inputs: Double, outputs: Double) {
        switch shape.rank {
        case 0: return (1, 1)
        case 1: return (Double(shape[0]), Double(shape[0]))
        default:
            let window = Double(shape.sizes.dropLast(2).reduce(1, *))
            return (window * Double(shape[-2]), window * Double(shape[-1]))
        }
    }
}
