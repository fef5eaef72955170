import CitiusAutograd
import CitiusTensor

/// In training, sets elements to α′ = −1.758… at random, and scales and shifts the result so that mean and variance stay;
/// otherwise the identity. For networks of `selu`. Follows `keras.layers.AlphaDropout`.
///
/// ```
/// y = a · (x or α′) + b,  a = ((1 − rate)·(1 + rate·α′²))^(−1/2),  b = −a·α′·rate
/// ```
///
/// # Shapes
/// [batch, …] → [batch, …]
///
/// Source: Klambauer, Unterthiner, Mayr, Hochreiter, arXiv:1706.02515.
public final class AlphaDropout: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The fraction of elements that is dropped.
        public var rate: Double
        public var seed: Int?
        /// The shape of what is drawn, the batch's axis first; nil along an axis: the input's.
        public var noiseShape: [Int?]?

        public var fault: String? {
            firstFault(
                rate >= 0 && rate < 1 ? nil : "rate is \(rate), expected at least 0 and below 1",
                NoiseShape.fault(noiseShape))
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// - Parameters:
    ///   - rate: the fraction of elements that is dropped.
    ///   - noiseShape: see `Dropout`.
    ///   - seed: see `Dropout`.
    ///
    /// Traps if the rate is not in 0..<1.
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
        let rate = configuration.rate
        guard context.isTraining, rate > 0 else { return input }
        let kept = context.random.drawing(seed: configuration.seed) { generator in
            Tensor(
                bernoulli: NoiseShape.shape(configuration.noiseShape, for: input.shape, label),
                probability: 1 - rate, dtype: input.dtype, using: &generator)
        }
        let dropped = -1.673_263_242_354_377_2 * 1.050_700_987_355_480_5
        let scale = 1 / ((1 - rate) * (1 + rate * dropped * dropped)).squareRoot()
        let offset = (1 - kept) * (scale * dropped) - scale * dropped * rate
        return input * (kept * scale) + offset
    }
}
