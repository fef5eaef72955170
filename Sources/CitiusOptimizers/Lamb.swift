import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Adam whose step is as long, layer by layer, as the weights are large (You et al. 2020, arXiv:1904.00962): for very
/// large batches.
///
///     m ← m + (g − m)(1 − β₁)
///     v ← v + (g² − v)(1 − β₂)
///     u = m / (1 − β₁ᵗ) / (√(v / (1 − β₂ᵗ)) + ε)
///     w ← w − η·u·‖w‖ / ‖u‖
///
/// The quotient of the norms is 1 where one of them is 0. Follows `keras.optimizers.Lamb`.
public final class Lamb: Optimizer, ConfigurableOptimizer {
    public static let module: String? = "keras.optimizers"

    public struct Hyperparameters: OptimizerHyperparameters {
        /// β₁, how much of the gradients' mean a step keeps: 0..<1.
        public var beta1: Double
        /// β₂, how much of the squares' mean a step keeps: 0..<1.
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
        require(hyperparameters, of: "Lamb")
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    public override var slotNames: [String] { ["momentum", "velocity"] }

    public override func update(
        _ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep
    ) {
        let (beta1, beta2, t) = (hyperparameters.beta1, hyperparameters.beta2, Double(step.number))
        slots["momentum"] += (gradient - slots["momentum"]) * (1 - beta1)
        slots["velocity"] += (gradient.squared() - slots["velocity"]) * (1 - beta2)
        let square = slots["velocity"] / (1 - pow(beta2, t))
        let change = slots["momentum"] / (1 - pow(beta1, t)) / (square.sqrt() + hyperparameters.epsilon)
        let weightNorm = value.squared().sum().scalar.squareRoot()
        let changeNorm = change.squared().sum().scalar.squareRoot()
        let trust = weightNorm > 0 && changeNorm > 0 ? weightNorm / changeNorm : 1
        value -= change * (step.learningRate * trust)
    }
}

extension Optimizer {
    /// Lamb with Keras's defaults.
    public static var lamb: Optimizer { Lamb() }
}
