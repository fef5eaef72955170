import CitiusKernels
import CitiusPlatform

/// Adam with weight decay apart from the gradients (Loshchilov and Hutter 2019, arXiv:1711.05101): `Adam`, where the
/// weights decay unless told otherwise. Follows `keras.optimizers.AdamW`.
///
/// Biases and the scales of normalization are better left out:
///
/// ```swift
/// let optimizer = AdamW(weightDecay: 0.05)
/// optimizer.excludeFromWeightDecay(named: ["bias", "gamma", "beta"])
/// ```
public final class AdamW: Optimizer, ConfigurableOptimizer {
    public static let module: String? = "keras.optimizers"

    public let hyperparameters: Adam.Hyperparameters

    /// The arguments are those of `Adam` and of every `Optimizer`. Traps if a number is out of range, or if more than
    /// one kind of clipping is given.
    public convenience init(
        learningRate: any LearningRateSchedule = 0.001, weightDecay: Double = 0.004, beta1: Double = 0.9,
        beta2: Double = 0.999, epsilon: Double = 1e-7, amsgrad: Bool = false, clipNorm: Double? = nil,
        clipValue: Double? = nil, globalClipNorm: Double? = nil, useEMA: Bool = false,
        emaMomentum: Double = 0.99, emaOverwriteFrequency: Int? = nil, gradientAccumulationSteps: Int? = nil,
        name: String? = nil
    ) {
        self.init(
            Adam.Hyperparameters(beta1: beta1, beta2: beta2, epsilon: epsilon, amsgrad: amsgrad),
            options: OptimizerOptions(
                learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm,
                clipValue: clipValue,
                globalClipNorm: globalClipNorm, useEMA: useEMA, emaMomentum: emaMomentum,
                emaOverwriteFrequency: emaOverwriteFrequency,
                gradientAccumulationSteps: gradientAccumulationSteps, name: name))
    }

    /// As with the label `learningRate`.
    public convenience init(_ learningRate: any LearningRateSchedule) {
        self.init(learningRate: learningRate)
    }

    /// Traps if a number is out of range, or if more than one kind of clipping is given.
    public init(_ hyperparameters: Adam.Hyperparameters, options: OptimizerOptions) {
        require(hyperparameters, of: "AdamW")
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    public override var slotNames: [String] { hyperparameters.slotNames }

    package override var slotGroups: [[String]] { hyperparameters.slotGroups }

    package override var isFused: Bool { true }

    package override var rowRule: StepRule? { hyperparameters.rowRule }

    package override func rowRate(number: Int, rate: Double) -> Double {
        hyperparameters.alpha(number: number, rate: rate)
    }

    package override func fusedStep<T: KernelReal>(
        _ segments: [StepSegment], of type: T.Type, number: Int, rate: Double, limit: Double
    ) {
        hyperparameters.step(segments, of: T.self, number: number, rate: rate, limit: limit)
    }
}

extension Optimizer {
    /// AdamW with Keras's defaults.
    public static var adamW: Optimizer { AdamW() }
}
