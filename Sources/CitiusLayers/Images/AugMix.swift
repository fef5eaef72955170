import CitiusAutograd
import CitiusTensor

/// In training, each batch is blended with mixtures of what chains of random operations make of it (Hendrycks et al. 2020,
/// arXiv 1912.02781). Follows `keras.layers.AugMix`; see `ImageAugmentation`.
///
/// With weights w of the distribution Dirichlet(α, …, α) and m of Beta(α, α), the same for a batch, images x become
/// m·x + (1 − m)·Σᵢ wᵢ·chainᵢ(x).
public final class AugMix: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// Between what values pixels lie.
        public var valueRange: ClosedRange<Double> = 0...255
        /// How many chains are mixed.
        public var numChains = 3
        /// How many operations a chain has at most.
        public var chainDepth = 3
        /// How strong they are: a number f for 0 to f, or a range.
        public var factor: RandomFactor = 0.3
        /// The parameter of the distributions of the weights.
        public var alpha = 1.0
        /// Whether brightness, color, contrast and sharpness are changed too.
        public var allOps = true
        public var interpolation = Interpolation.bilinear
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(
                faultUnlessRange(valueRange),
                (1...1_000).contains(numChains) ? nil : "numChains is \(numChains), expected 1 to 1,000",
                (0...1_000).contains(chainDepth) ? nil : "chainDepth is \(chainDepth), expected 0 to 1,000",
                factor.fault("factor", within: 0...1),
                alpha > 0 && alpha.isFinite ? nil : "alpha is \(alpha), expected a positive number",
                faultUnlessTransforming(interpolation))
        }
    }

    public let configuration: Configuration
    private let operations: [ImageAugmentation]

    public init(configuration: Configuration, name: String? = nil) {
        let configuration = Self.checked(configuration)
        self.configuration = configuration
        operations = RandAugment.operations(
            configuration.factor, valueRange: configuration.valueRange,
            interpolation: configuration.interpolation, changesColors: configuration.allOps)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameters:
    ///   - valueRange: between what values pixels lie.
    ///   - numChains: how many chains are mixed.
    ///   - chainDepth: how many operations a chain has at most.
    ///   - factor: how strong they are: a number f for 0 to f, or a range.
    ///   - alpha: the parameter of the distributions of the weights.
    ///   - allOps: whether brightness, color, contrast and sharpness are changed too.
    ///
    /// Traps if a number is out of range.
    public convenience init(
        valueRange: ClosedRange<Double> = 0...255, numChains: Int = 3, chainDepth: Int = 3,
        factor: some RandomFactorConvertible = 0.3, alpha: Double = 1, allOps: Bool = true,
        interpolation: Interpolation = .bilinear, seed: Int? = nil,
        name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                valueRange: valueRange, numChains: numChains, chainDepth: chainDepth,
                factor: factor.randomFactor, alpha: alpha, allOps: allOps, interpolation: interpolation,
                seed: seed), name: name)
    }

    override var channels: [Int]? { [1, 3] }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let alpha = configuration.alpha
        let gammas = (0..<configuration.numChains).map { _ in generator.gamma(alpha) }
        let total = gammas.reduce(0, +)
        let kept = generator.beta(alpha, alpha)
        let chains = gammas.map { gamma -> (weight: Double, images: Variable) in
            var chain = images
            for _ in 0..<configuration.chainDepth {
                // One of the operations, or none.
                let choice = Int.random(in: 0...operations.count, using: &generator)
                if choice < operations.count {
                    chain = operations[choice].augmented(chain, using: &generator)
                }
            }
            return (total > 0 ? gamma / total : 1 / Double(gammas.count), chain)
        }
        return mixed(images, kept: kept, chains)
    }

    /// What the images and the chains' are together.
    func mixed(_ images: Variable, kept: Double, _ chains: [(weight: Double, images: Variable)]) -> Variable {
        let mixture = chains.dropFirst().reduce(chains[0].images * chains[0].weight) {
            $0 + $1.images * $1.weight
        }
        return (images * kept + mixture * (1 - kept)).clamped(to: configuration.valueRange)
    }
}
