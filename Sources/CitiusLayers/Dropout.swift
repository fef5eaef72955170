import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// In training, sets elements to zero at random and scales the others by 1 / (1 − rate), so that no unit can
/// lean on another; otherwise the identity (Srivastava et al. 2014, jmlr.org/papers/v15/srivastava14a).
/// Follows `keras.layers.Dropout`.
///
/// ```swift
/// Dropout(0.5)
/// Dropout(0.5, noiseShape: [nil, 1, nil])   // the same channels at every step
/// ```
///
/// # Shapes
/// [batch, …] → [batch, …]
public final class Dropout: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The fraction of elements that is dropped.
        public var rate: Double
        /// The seed of the layer's own random numbers; nil: the model's serve.
        public var seed: Int?
        /// The shape of what is drawn, the batch's axis first; nil along an axis: the input's.
        public var noiseShape: [Int?]?

        public var fault: String? {
            firstFault(faultUnlessRate(rate), NoiseShape.fault(noiseShape))
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// - Parameters:
    ///   - rate: the fraction of elements that is dropped.
    ///   - noiseShape: the shape of what is drawn, the batch's axis first; along an axis of size 1 all elements are
    ///     dropped together, along one that is nil each by itself, as everywhere if it is left out.
    ///   - seed: makes what is dropped independent of the model's seed: it then depends on this one, and on how much
    ///     the model's stream has given before.
    ///
    /// Traps if the rate is not in 0...1.
    public convenience init(
        _ rate: Double, noiseShape: [Int?]? = nil, seed: Int? = nil, name: String? = nil
    ) {
        self.init(configuration: Configuration(rate: rate, seed: seed, noiseShape: noiseShape), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        NoiseShape.fault(configuration.noiseShape, of: shapes[0])
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        guard context.isTraining else { return input }
        let shape = NoiseShape.shape(configuration.noiseShape, for: input.shape, label)
        return input.dropped(configuration.rate, noiseShape: shape, seed: configuration.seed, in: context)
    }
}

extension Variable {
    /// Dropout of elements that share what is drawn along axes of size 1 of a noise's shape.
    func dropped(_ rate: Double, noiseShape: Shape, seed: Int?, in context: Context) -> Variable {
        if rate == 1 { return self * Tensor(zeros: [], dtype: dtype) }
        return context.random.drawing(seed: seed) { generator in
            if noiseShape == shape { return dropout(rate: rate, generator: &generator) }
            let ones = Variable(Tensor(ones: noiseShape, dtype: dtype))
            return self * ones.dropout(rate: rate, generator: &generator).value
        }
    }
}

/// The fault of a fraction of elements to drop.
func faultUnlessRate(_ rate: Double) -> String? {
    (0...1).contains(rate) ? nil : "rate is \(rate), expected 0 to 1"
}
