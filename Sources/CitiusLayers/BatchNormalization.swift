import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// Brings every channel (the last axis) to mean 0 and variance 1, then scales and shifts it by learned
/// amounts (Ioffe and Szegedy 2015, arXiv 1502.03167). Follows `keras.layers.BatchNormalization`.
///
/// ```
/// y = gamma · (x − mean) / √(variance + ε) + beta
/// ```
///
/// In training, mean and variance (of the population) are the batch's, and the moving ones follow them:
/// moving ← moving · momentum + batch · (1 − momentum). Otherwise, and while the layer is frozen, the moving
/// ones serve.
///
/// # Shapes
/// [batch, …, channels] → the same; gamma, beta, moving mean and moving variance, in this order, [channels].
public final class BatchNormalization: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The axis of the channels: the last one, −1, is the only one that there is here.
        public var axis = -1
        /// How much of the moving statistics a step keeps.
        public var momentum = 0.99
        /// What is added to the variance.
        public var epsilon = 1e-3
        /// Whether there is a beta.
        public var center = true
        /// Whether there is a gamma.
        public var scale = true
        public var betaInitializer: Initializer = .zeros
        public var gammaInitializer: Initializer = .ones
        public var movingMeanInitializer: Initializer = .zeros
        public var movingVarianceInitializer: Initializer = .ones
        public var betaRegularizer: Regularizer?
        public var gammaRegularizer: Regularizer?
        public var betaConstraint: Constraint?
        public var gammaConstraint: Constraint?

        public var fault: String? {
            firstFault(
                (0...1).contains(momentum) ? nil : "momentum is \(momentum), expected 0 to 1",
                epsilon > 0 ? nil : "epsilon is \(epsilon), expected a positive number")
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    /// [channels]; nil before the layer is built, or if it does not scale.
    public private(set) var gamma: Parameter?
    /// [channels]; nil before the layer is built, or if it does not center.
    public private(set) var beta: Parameter?
    /// [channels]; nil before the layer is built.
    public private(set) var movingMean: Parameter?
    /// [channels]; nil before the layer is built.
    public private(set) var movingVariance: Parameter?

    /// - Parameters:
    ///   - momentum: how much of the moving statistics a step keeps.
    ///   - epsilon: what is added to the variance.
    ///   - center: whether there is a beta.
    ///   - scale: whether there is a gamma.
    ///
    /// Traps if the momentum is not in 0...1 or epsilon is not positive.
    public convenience init(
        momentum: Double = 0.99, epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true,
        betaInitializer: Initializer = .zeros, gammaInitializer: Initializer = .ones,
        movingMeanInitializer: Initializer = .zeros, movingVarianceInitializer: Initializer = .ones,
        betaRegularizer: Regularizer? = nil, gammaRegularizer: Regularizer? = nil,
        betaConstraint: Constraint? = nil, gammaConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                momentum: momentum, epsilon: epsilon, center: center, scale: scale,
                betaInitializer: betaInitializer, gammaInitializer: gammaInitializer,
                movingMeanInitializer: movingMeanInitializer,
                movingVarianceInitializer: movingVarianceInitializer, betaRegularizer: betaRegularizer,
                gammaRegularizer: gammaRegularizer, betaConstraint: betaConstraint,
                gammaConstraint: gammaConstraint),
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let (axis, rank) = (configuration.axis, shapes[0].rank)
        if rank == 0 { return "samples are scalars, expected [.., channels]" }
        // Counted with the batch's axis, as in Keras.
        return firstFault(
            axis == -1 || axis == rank ? nil : "axis is \(axis), expected the last one, -1 or \(rank)",
            inputShape.flatMap { faultUnlessChannels($0[-1], shapes[0][-1]) })
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let shape: Shape = [inputShape[-1]]
        if configuration.scale {
            gamma = addParameter(
                "gamma", shape: shape, initializer: configuration.gammaInitializer,
                regularizer: configuration.gammaRegularizer, constraint: configuration.gammaConstraint,
                generator: &generator)
        }
        if configuration.center {
            beta = addParameter(
                "beta", shape: shape, initializer: configuration.betaInitializer,
                regularizer: configuration.betaRegularizer, constraint: configuration.betaConstraint,
                generator: &generator)
        }
        movingMean = addParameter(
            "moving_mean", shape: shape, initializer: configuration.movingMeanInitializer, isLearned: false,
            generator: &generator)
        movingVariance = addParameter(
            "moving_variance", shape: shape, initializer: configuration.movingVarianceInitializer,
            isLearned: false, generator: &generator)
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        forward([input], in: context, epilogue: Epilogue())
    }
}

extension BatchNormalization: EpilogueLayer {
    package func takes(_ epilogue: Epilogue, inputCount: Int) -> Bool { epilogue.pool == nil }

    package func forward(_ inputs: [Variable], in context: Context, epilogue: Epilogue) -> Variable {
        let input = inputs[0]
        let (movingMean, movingVariance) = (built(movingMean), built(movingVariance))
        let epsilon = configuration.epsilon
        let scale = gamma.map { context[$0] }
        let offset = beta.map { context[$0] }
        guard context.isTraining, isTrainable else {
            return input.normalized(
                mean: movingMean.value, variance: movingVariance.value, scale: scale, offset: offset,
                epsilon: epsilon, epilogue: epilogue)
        }
        let (output, mean, variance) = input.batchNormalized(
            scale: scale, offset: offset, epsilon: epsilon, epilogue: epilogue)
        for (moving, batch) in [(movingMean, mean), (movingVariance, variance)] {
            moving.update { $0.move(towards: batch, momentum: configuration.momentum) }
        }
        return output
    }
}
