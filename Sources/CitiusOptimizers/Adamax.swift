import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Adam with the largest gradient so far in the place of the mean square (Kingma and Ba 2015, arXiv:1412.6980,
/// section 7).
///
///     m ← m + (g − m)(1 − β₁)
///     u ← max(β₂·u, |g|)
///     w ← w − η·m / ((1 − β₁ᵗ)(u + ε))
///
/// Follows `keras.optimizers.Adamax`.
public final class Adamax: Optimizer, ConfigurableOptimizer {
    public static let module: String? = "keras.optimizers"

    public struct Hyperparameters: OptimizerHyperparameters {
        /// β₁, how much of the gradients' mean a step keeps: 0..<1.
        public var beta1: Double
        /// β₂, how much of the largest gradient a step keeps: 0..<1.
        public var beta2: Double
        /// ε, keeps the quotient finite.
        public var epsilon: Double

        enum CodingKeys: String, CodingKey {
            case beta1 = "beta_1"
            case beta2 = "beta_2"
            case epsilon
        }

        public var problem: String? {
            firstProblem(
                ((0..<1).contains(beta1), "beta1 is \(beta1), expected 0..<1"),
                ((0..<1).contains(beta2), "beta2 is \(beta2), expected 0..<1"),
                (epsilon >= 0, "epsilon is \(epsilon), expected 0 or more"))
        }
    }

    public let hyperparameters: Hyperparameters

    /// The arguments are those of `Hyperparameters` and of every `Optimizer`. Traps if a number is out of range, or if
    /// more than one kind of clipping is given.
    public convenience init(
        learningRate: any LearningRateSchedule = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-7,
        weightDecay: Double? = nil, clipNorm: Double? = nil, clipValue: Double? = nil,
        globalClipNorm: Double? = nil, useEMA: Bool = false, emaMomentum: Double = 0.99,
        emaOverwriteFrequency: Int? = nil, gradientAccumulationSteps: Int? = nil, name: String? = nil
    ) {
        self.init(
            Hyperparameters(beta1: beta1, beta2: beta2, epsilon: epsilon),
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
        require(hyperparameters, of: "Adamax")
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    public override var slotNames: [String] { ["momentum", "norm"] }

    public override func update(
        _ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep
    ) {
        let beta1 = hyperparameters.beta1
        slots["momentum"] += (gradient - slots["momentum"]) * (1 - beta1)
        slots["norm"] = (slots["norm"] * hyperparameters.beta2).maximum(gradient.abs())
        let rate = step.learningRate / (1 - pow(beta1, Double(step.number)))
        value -= slots["momentum"] * rate / (slots["norm"] + hyperparameters.epsilon)
    }
}

extension Optimizer {
    /// Adamax with Keras's defaults.
    public static var adamax: Optimizer { Adamax() }
}
