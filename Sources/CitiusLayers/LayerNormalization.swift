import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Brings each sample's, or each step's, features to mean 0 and variance 1 by themselves, then scales and shifts them by
/// learned amounts (Ba, Kiros and Hinton 2016, arXiv 1607.06450). Follows `keras.layers.LayerNormalization`.
///
/// ```
/// y = gamma · (x − mean) / √(variance + ε) + beta
/// ```
///
/// ```swift
/// let x = LayerNormalization(epsilon: 1e-6)(Add()(tokens, attention))
/// ```
///
/// Mean and variance (of the population) are over the axes that are named, the last one by default; each row is read
/// from memory once each way.
///
/// # Shapes
/// [batch, …, features] → the same; gamma and beta, in this order, of the sizes of the axes.
public final class LayerNormalization: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// What is normalized over, counted with the batch's axis.
        public var axis = AxisList([-1])
        /// What is added to the variance.
        public var epsilon = 1e-3
        /// Whether there is a beta.
        public var center = true
        /// Whether there is a gamma.
        public var scale = true
        /// Keras's deprecated form: x · gamma / √(variance + ε), without mean and beta. (`RMSNormalization` divides by
        /// the root mean square.)
        public var rmsScaling = false
        public var betaInitializer: Initializer = .zeros
        public var gammaInitializer: Initializer = .ones
        public var betaRegularizer: Regularizer?
        public var gammaRegularizer: Regularizer?
        public var betaConstraint: Constraint?
        public var gammaConstraint: Constraint?

        public var fault: String? {
            epsilon > 0 ? nil : "epsilon is \(epsilon), expected a positive number"
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    /// Of the sizes of the axes; nil before the layer is built, or if it does not scale.
    public private(set) var gamma: Parameter?
    /// Of the sizes of the axes; nil before the layer is built, or if it does not center.
    public private(set) var beta: Parameter?

    /// - Parameters:
    ///   - axis: what is normalized over, counted with the batch's axis, which is 0.
    ///   - epsilon: what is added to the variance.
    ///   - center: whether there is a beta.
    ///   - scale: whether there is a gamma.
    ///
    /// Traps if epsilon is not positive.
    public convenience init(
        axis: Int..., epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true,
        betaInitializer: Initializer = .zeros, gammaInitializer: Initializer = .ones,
        betaRegularizer: Regularizer? = nil, gammaRegularizer: Regularizer? = nil,
        betaConstraint: Constraint? = nil, gammaConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                axis: AxisList(axis.isEmpty ? [-1] : axis), epsilon: epsilon, center: center, scale: scale,
                betaInitializer: betaInitializer, gammaInitializer: gammaInitializer,
                betaRegularizer: betaRegularizer, gammaRegularizer: gammaRegularizer,
                betaConstraint: betaConstraint, gammaConstraint: gammaConstraint),
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        NormalizedAxes.fault(configuration.axis, of: shapes[0], builtFor: inputShape)
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let shape = NormalizedAxes(configuration.axis, of: inputShape).sizes(of: inputShape)
        if configuration.scale || configuration.rmsScaling {
            gamma = addParameter(
                "gamma", shape: shape, initializer: configuration.gammaInitializer,
                regularizer: configuration.gammaRegularizer, constraint: configuration.gammaConstraint,
                generator: &generator)
        }
        if configuration.center && !configuration.rmsScaling {
            beta = addParameter(
                "beta", shape: shape, initializer: configuration.betaInitializer,
                regularizer: configuration.betaRegularizer, constraint: configuration.betaConstraint,
                generator: &generator)
        }
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let sample = input.shape.droppingFirst()
        let axes = NormalizedAxes(configuration.axis, of: sample)
        guard configuration.rmsScaling else {
            return input.layerNormalized(
                axes: axes.ofBatch, scale: gamma.map { context[$0] }, offset: beta.map { context[$0] },
                epsilon: configuration.epsilon)
        }
        let distance = input - input.mean(axes: axes.ofBatch, keepingAxes: true)
        let variance = distance.squared().mean(axes: axes.ofBatch, keepingAxes: true)
        let factors = axes.axes.reduce(into: Array(repeating: 1, count: input.shape.rank)) {
            $0[$1 + 1] = sample.sizes[$1]
        }
        return input / (variance + configuration.epsilon).sqrt() * context[built(gamma)].reshaped(factors)
    }
}
