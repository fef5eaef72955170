import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// Brings every channel (by default the last axis) to mean 0 and variance 1, then scales and shifts it by learned
/// amounts (Ioffe and Szegedy 2015, arXiv 1502.03167). Follows `keras.layers.BatchNormalization`.
///
/// ```
/// y = gamma · (x − mean) / √(variance + ε) + beta
/// ```
///
/// In training, mean and variance (of the population) are the batch's, and the moving ones follow them:
/// moving ← moving · momentum + batch · (1 − momentum). Otherwise, and while the layer is frozen, the moving
/// ones serve. A mask of the input leaves steps out of the batch's mean and variance.
///
/// # Shapes
/// [batch, …, channels] → the same; gamma, beta, moving mean and moving variance, in this order, [channels].
///
/// Channels along another axis are moved to the last one and back. Keras's `synchronized` and `renorm` are not there.
public final class BatchNormalization: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The axis of the channels, counted from the batch's, 0; negative ones from the end.
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
        /// Keras's, which several machines share; not here.
        var synchronized = MissingOption()
        /// Keras's batch renormalization; not here.
        var renorm = MissingOption()

        public var fault: String? {
            firstFault(
                (0...1).contains(momentum) ? nil : "momentum is \(momentum), expected 0 to 1",
                epsilon > 0 ? nil : "epsilon is \(epsilon), expected a positive number",
                synchronized.isOn
                    ? "synchronized is true: training is on one machine here, expected false" : nil,
                renorm.isOn ? "renorm is true: batch renormalization is not there, expected false" : nil)
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
    ///   - axis: the channels', counted from the batch's, 0; negative ones from the end.
    ///   - momentum: how much of the moving statistics a step keeps.
    ///   - epsilon: what is added to the variance.
    ///   - center: whether there is a beta.
    ///   - scale: whether there is a gamma.
    ///
    /// Traps if the momentum is not in 0...1 or epsilon is not positive.
    public convenience init(
        axis: Int = -1, momentum: Double = 0.99, epsilon: Double = 1e-3, center: Bool = true,
        scale: Bool = true,
        betaInitializer: Initializer = .zeros, gammaInitializer: Initializer = .ones,
        movingMeanInitializer: Initializer = .zeros, movingVarianceInitializer: Initializer = .ones,
        betaRegularizer: Regularizer? = nil, gammaRegularizer: Regularizer? = nil,
        betaConstraint: Constraint? = nil, gammaConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                axis: axis, momentum: momentum, epsilon: epsilon, center: center, scale: scale,
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

    /// The channels' axis within samples of a rank; nil if there is none.
    private func channelAxis(rank: Int) -> Int? {
        let axis = configuration.axis
        let resolved = axis < 0 ? axis + rank : axis - 1
        return (0..<rank).contains(resolved) && axis != 0 ? resolved : nil
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let rank = shapes[0].rank
        if rank == 0 { return "samples are scalars, expected [.., channels]" }
        guard let axis = channelAxis(rank: rank) else {
            return
                "axis is \(configuration.axis), expected one of samples of shape \(shapes[0]) behind the batch's, 0"
        }
        return movingMean.flatMap { faultUnlessChannels($0.shape[0], shapes[0][axis]) }
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let shape: Shape = [inputShape[channelAxis(rank: inputShape.rank) ?? -1]]
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
        let rank = input.shape.rank
        let axis = (channelAxis(rank: rank - 1) ?? rank - 2) + 1
        if axis == rank - 1 {
            return normalized(input, Self.mask(of: input), in: context, epilogue: epilogue)
        }
        // Channels last, and back.
        let order = (0..<rank).filter { $0 != axis } + [axis]
        let back = (0..<axis) + [rank - 1] + (axis..<rank - 1)
        let mask = Self.mask(of: input).map { $0.expanded(to: input.shape).permuted(order) }
        return normalized(input.permuted(order), mask, in: context, epilogue: epilogue).permuted(Array(back))
    }

    /// An input's mask with axes of size 1 for those it lacks; nil if it is not one of the input's first axes.
    private static func mask(of input: Variable) -> Tensor? {
        guard let mask = input.mask, mask.rank < input.shape.rank,
            mask.shape.sizes.elementsEqual(input.shape.sizes.prefix(mask.rank))
        else { return nil }
        let ones = [Int](repeating: 1, count: input.shape.rank - mask.rank)
        return mask.reshaped(to: Shape(mask.shape.sizes + ones))
    }

    /// - Parameter mask: broadcasts to the input, whose channels are last.
    private func normalized(
        _ input: Variable, _ mask: Tensor?, in context: Context, epilogue: Epilogue
    ) -> Variable {
        let (movingMean, movingVariance) = (built(movingMean), built(movingVariance))
        let epsilon = configuration.epsilon
        let scale = gamma.map { context[$0] }
        let offset = beta.map { context[$0] }
        guard context.isTraining, isTrainable else {
            return input.normalized(
                mean: movingMean.value, variance: movingVariance.value, scale: scale, offset: offset,
                epsilon: epsilon, epilogue: epilogue)
        }
        let (output, mean, variance) =
            mask.map { maskedBatchNormalized(input, $0, scale, offset, epilogue) }
            ?? input.batchNormalized(scale: scale, offset: offset, epsilon: epsilon, epilogue: epilogue)
        let momentum = configuration.momentum
        for (moving, batch) in [(movingMean, mean), (movingVariance, variance)] {
            context.update(moving) { $0.move(towards: batch, momentum: momentum) }
        }
        return output
    }

    /// Normalized by the mean and the variance of what the mask lets through, of which there may be nothing: Keras adds
    /// 1e-7 to its number.
    private func maskedBatchNormalized(
        _ input: Variable, _ mask: Tensor, _ scale: Variable?, _ offset: Variable?, _ epilogue: Epilogue
    ) -> (Variable, mean: Tensor, variance: Tensor) {
        let axes = Array(0..<input.shape.rank - 1)
        let zero = Variable(Tensor(zeros: [], dtype: input.dtype))
        let steps = Shape(input.shape.sizes.dropLast() + [mask.shape[-1]])
        let count = Variable(
            mask.cast(to: input.dtype).expanded(to: steps).sum(axes: axes, keepingAxes: true) + 1e-7)
        let mean = Variable.where(mask, input, zero).sum(axes: axes, keepingAxes: true) / count
        let deviation = input - mean
        let variance =
            Variable.where(mask, deviation, zero).squared().sum(axes: axes, keepingAxes: true) / count
        var output = deviation / (variance + configuration.epsilon).sqrt()
        if let scale { output *= scale }
        if let offset { output += offset }
        let channels: Shape = [input.shape[-1]]
        return (
            output.clamped(by: epilogue.clamp), mean.value.reshaped(to: channels),
            variance.value.reshaped(to: channels)
        )
    }
}
