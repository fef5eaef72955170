import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Steps of one length, in the direction of the sign of a running mean (Chen et al. 2023, arXiv:2302.06675).
///
///     w ← w − η·sign(β₁·m + (1 − β₁)·g)
///     m ← β₂·m + (1 − β₂)·g
///
/// Learning rates are 3 to 10 times smaller than Adam's, weight decay larger by as much. Follows
/// `keras.optimizers.Lion`.
public final class Lion: Optimizer, ConfigurableOptimizer {
    public static let module: String? = "keras.optimizers"

    public struct Hyperparameters: OptimizerHyperparameters {
        /// β₁, the part of the mean in a step's direction: above 0, at most 1.
        public var beta1: Double
        /// β₂, how much of the mean a step keeps: 0…1.
        public var beta2: Double

        enum CodingKeys: String, CodingKey {
            case beta1 = "beta_1"
            case beta2 = "beta_2"
        }

        public var problem: String? {
            firstProblem(
                (beta1 > 0 && beta1 <= 1, "beta1 is \(beta1), expected a number above 0 and at most 1"),
                ((0...1).contains(beta2), "beta2 is \(beta2), expected 0…1"))
        }
    }

    public let hyperparameters: Hyperparameters

    /// The arguments are those of `Hyperparameters` and of every `Optimizer`. Traps if a number is out of range, or if
    /// more than one kind of clipping is given.
    public convenience init(
        learningRate: any LearningRateSchedule = 0.001, beta1: Double = 0.9, beta2: Double = 0.99,
        weightDecay: Double? = nil, clipNorm: Double? = nil, clipValue: Double? = nil,
        globalClipNorm: Double? = nil, useEMA: Bool = false, emaMomentum: Double = 0.99,
        emaOverwriteFrequency: Int? = nil, gradientAccumulationSteps: Int? = nil, name: String? = nil
    ) {
        self.init(
            Hyperparameters(beta1: beta1, beta2: beta2),
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
    public init(_ hyperparameters: Hyperparameters, options: OptimizerOptions) {
        require(hyperparameters, of: "Lion")
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    public override var slotNames: [String] { ["momentum"] }

    public override func update(
        _ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep
    ) {
        let (beta1, beta2) = (hyperparameters.beta1, hyperparameters.beta2)
        value -= (slots["momentum"] * beta1 + gradient * (1 - beta1)).sign() * step.learningRate
        slots["momentum"] *= beta2
        slots["momentum"] += gradient * (1 - beta2)
    }
}

extension Optimizer {
    /// Lion with Keras's defaults.
    public static var lion: Optimizer { Lion() }
}
