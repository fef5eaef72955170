import CitiusKernels
import CitiusPlatform

/// Gradient descent, with momentum if asked for.
///
///     w ← w − η·g
///
/// With momentum μ and the velocity v, which starts at zero:
///
///     v ← μ·v − η·g,  w ← w + v
///
/// Nesterov's form looks ahead: w ← w + μ·v − η·g. Follows `keras.optimizers.SGD`.
public final class SGD: Optimizer, ConfigurableOptimizer {
    public static let module: String? = "keras.optimizers"

    public struct Hyperparameters: OptimizerHyperparameters {
        /// μ: 0…1.
        public var momentum: Double
        /// Whether to use Nesterov's form.
        public var nesterov: Bool

        public var problem: String? {
            firstProblem(
                ((0...1).contains(momentum), "momentum is \(momentum), expected 0…1"))
        }
    }

    public let hyperparameters: Hyperparameters

    /// - Parameters:
    ///   - momentum: μ, 0…1.
    ///   - nesterov: whether to use Nesterov's form.
    ///
    /// The other arguments are those of every `Optimizer`. Traps if a number is out of range, or if more than one
    /// kind of clipping is given.
    public convenience init(
        learningRate: any LearningRateSchedule = 0.01, momentum: Double = 0, nesterov: Bool = false,
        weightDecay: Double? = nil, clipNorm: Double? = nil, clipValue: Double? = nil,
        globalClipNorm: Double? = nil, useEMA: Bool = false, emaMomentum: Double = 0.99,
        emaOverwriteFrequency: Int? = nil, gradientAccumulationSteps: Int? = nil, name: String? = nil
    ) {
        self.init(
            Hyperparameters(momentum: momentum, nesterov: nesterov),
            options: OptimizerOptions(
                learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm,
                clipValue: clipValue,
                globalClipNorm: globalClipNorm, useEMA: useEMA, emaMomentum: emaMomentum,
                emaOverwriteFrequency: emaOverwriteFrequency,
                gradientAccumulationSteps: gradientAccumulationSteps, name: name))
    }

    /// As with the label `learningRate`.
    public convenience init(
        _ learningRate: any LearningRateSchedule, momentum: Double = 0, nesterov: Bool = false
    ) {
        self.init(learningRate: learningRate, momentum: momentum, nesterov: nesterov)
    }

    /// Traps if a number is out of range, or if more than one kind of clipping is given.
    public init(_ hyperparameters: Hyperparameters, options: OptimizerOptions) {
        require(hyperparameters, of: "SGD")
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    public override var slotNames: [String] { hyperparameters.momentum == 0 ? [] : ["momentum"] }

    package override var isFused: Bool { true }

    package override var rowRule: StepRule? {
        .sgd(momentum: hyperparameters.momentum, isNesterov: hyperparameters.nesterov)
    }

    package override func fusedStep<T: KernelReal>(
        _ segments: [StepSegment], of type: T.Type, number: Int, rate: Double, limit: Double
    ) {
        sgdStep(
            segments, of: T.self, rate: rate, momentum: hyperparameters.momentum,
            isNesterov: hyperparameters.nesterov, limit: limit)
    }
}

extension Optimizer {
    /// Gradient descent with Keras's defaults.
    public static var sgd: Optimizer { SGD() }
}
