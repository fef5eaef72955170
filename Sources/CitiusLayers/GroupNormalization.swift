import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Brings each group of neighbouring channels of a sample to mean 0 and variance 1, over its channels and all other axes
/// of the sample, then scales and shifts every channel by learned amounts (Wu and He 2018, arXiv 1803.08494). Follows
/// `keras.layers.GroupNormalization`.
///
/// ```
/// y = gamma · (x − mean) / √(variance + ε) + beta
/// ```
///
/// One group is layer normalization over all axes, as many groups as channels is instance normalization.
///
/// # Shapes
/// [batch, …, channels] → the same; gamma and beta, in this order, [channels].
public final class GroupNormalization: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// How many groups there are; −1: as many as channels.
        public var groups = 32
        /// The axis of the channels, counted with the batch's axis.
        public var axis = -1
        /// What is added to the variance.
        public var epsilon = 1e-3
        /// Whether there is a beta.
        public var center = true
        /// Whether there is a gamma.
        public var scale = true
        public var betaInitializer: Initializer = .zeros
        public var gammaInitializer: Initializer = .ones
        public var betaRegularizer: Regularizer?
        public var gammaRegularizer: Regularizer?
        public var betaConstraint: Constraint?
        public var gammaConstraint: Constraint?

        public var fault: String? {
            firstFault(
                groups > 0 || groups == -1
                    ? nil : "groups is \(groups), expected a positive number, or -1 for as many as channels",
                epsilon > 0 ? nil : "epsilon is \(epsilon), expected a positive number")
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    /// [channels]; nil before the layer is built, or if it does not scale.
    public private(set) var gamma: Parameter?
    /// [channels]; nil before the layer is built, or if it does not center.
    public private(set) var beta: Parameter?

    /// - Parameters:
    ///   - groups: how many groups of channels there are; −1 for as many as channels.
    ///   - axis: the channels' axis, counted with the batch's axis, which is 0.
    ///   - epsilon: what is added to the variance.
    ///   - center: whether there is a beta.
    ///   - scale: whether there is a gamma.
    ///
    /// Traps if the number of groups is neither positive nor −1, or epsilon is not positive.
    public convenience init(
        groups: Int = 32, axis: Int = -1, epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true,
        betaInitializer: Initializer = .zeros, gammaInitializer: Initializer = .ones,
        betaRegularizer: Regularizer? = nil, gammaRegularizer: Regularizer? = nil,
        betaConstraint: Constraint? = nil, gammaConstraint: Constraint? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                groups: groups, axis: axis, epsilon: epsilon, center: center, scale: scale,
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
        let list = AxisList([configuration.axis])
        if let fault = NormalizedAxes.fault(list, of: shapes[0], builtFor: inputShape) { return fault }
        let channels = NormalizedAxes(list, of: shapes[0]).sizes(of: shapes[0])[0]
        let groups = configuration.groups
        return groups == -1 || channels > 0 && channels % groups == 0
            ? nil : "samples of \(channels) channels, expected a multiple of the \(groups) groups"
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let shape = NormalizedAxes(AxisList([configuration.axis]), of: inputShape).sizes(of: inputShape)
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
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let (shape, rank) = (input.shape, input.shape.rank)
        let axis = NormalizedAxes(AxisList([configuration.axis]), of: shape.droppingFirst()).ofBatch[0]
        let channels = shape.sizes[axis]
        let groups = configuration.groups == -1 ? channels : configuration.groups
        // A group's elements one behind the other: they are a row then.
        var sizes = shape.sizes
        sizes.replaceSubrange(axis...axis, with: [groups, channels / max(1, groups)])
        var order = Array(0...rank)
        order.remove(at: axis)
        order.insert(axis, at: 1)
        var back = order
        for (position, axis) in order.enumerated() { back[axis] = position }
        var output = input.reshaped(sizes).permuted(order)
            .layerNormalized(axes: Array(2...rank), epsilon: configuration.epsilon)
            .permuted(back).reshaped(to: shape)
        var factors = Array(repeating: 1, count: rank)
        factors[axis] = channels
        if let gamma { output = output * context[gamma].reshaped(factors) }
        if let beta { output = output + context[beta].reshaped(factors) }
        return output
    }
}
