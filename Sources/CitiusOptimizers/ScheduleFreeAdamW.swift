import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// AdamW that needs no schedule: the weights are drawn towards the mean of all steps instead (Defazio et al. 2024,
/// "The road less scheduled", arXiv:2405.15682).
///
/// At step t, with x the mean, z where the steps lead (the slot `momentum`, which begins at the weights), and the
/// weights y = (1 − β₁)·z + β₁·x:
///
///     v ← v + (g² − v)(1 − β₂)
///     z ← z − η·g / (√(v / (1 − β₂ᵗ)) + ε)
///     x ← (1 − 1/t)·x + z/t
///     w ← (1 − β₁)·z + β₁·x
///
/// The mean x is not kept: it follows from the weights and z. Follows `keras.optimizers.ScheduleFreeAdamW`, which
/// evaluates and saves the weights w, not x.
public final class ScheduleFreeAdamW: Optimizer, ConfigurableOptimizer {
    public static let module: String? = "keras.optimizers"

    public struct Hyperparameters: OptimizerHyperparameters {
        /// β₁, the part of the mean in the weights: above 0, at most 1.
        public var beta1: Double
        /// β₂, how much of the squares' mean a step keeps: 0..<1.
        public var beta2: Double
        /// ε, keeps the quotient finite.
        public var epsilon: Double
        /// For how many steps the learning rate rises to what it is.
        public var warmupSteps: Int

        enum CodingKeys: String, CodingKey {
            case beta1 = "beta_1"
            case beta2 = "beta_2"
            case epsilon, warmupSteps
        }

        public var problem: String? {
            firstProblem(
                (beta1 > 0 && beta1 <= 1, "beta1 is \(beta1), expected a number above 0 and at most 1"),
                ((0..<1).contains(beta2), "beta2 is \(beta2), expected 0..<1"),
                (epsilon >= 0, "epsilon is \(epsilon), expected 0 or more"),
                (warmupSteps >= 0, "warmupSteps is \(warmupSteps), expected 0 or more"))
        }
    }

    public let hyperparameters: Hyperparameters

    /// The arguments are those of `Hyperparameters` and of every `Optimizer`. Traps if a number is out of range, or if
    /// more than one kind of clipping is given.
    public convenience init(
        learningRate: any LearningRateSchedule = 0.0025, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-8, warmupSteps: Int = 0,
        weightDecay: Double? = nil, clipNorm: Double? = nil, clipValue: Double? = nil,
        globalClipNorm: Double? = nil, useEMA: Bool = false, emaMomentum: Double = 0.99,
        emaOverwriteFrequency: Int? = nil, gradientAccumulationSteps: Int? = nil, name: String? = nil
    ) {
        self.init(
            Hyperparameters(beta1: beta1, beta2: beta2, epsilon: epsilon, warmupSteps: warmupSteps),
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
        require(hyperparameters, of: "ScheduleFreeAdamW")
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    public override var slotNames: [String] { ["momentum", "velocity"] }

    public override func makeSlot(_ name: String, for parameter: Parameter) -> Tensor {
        name == "momentum" ? parameter.value : super.makeSlot(name, for: parameter)
    }

    public override func update(
        _ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep
    ) {
        let (beta1, beta2, t) = (hyperparameters.beta1, hyperparameters.beta2, Double(step.number))
        var rate = step.learningRate
        if hyperparameters.warmupSteps > 0 { rate *= min(1, t / Double(hyperparameters.warmupSteps)) }
        let mean = (value - slots["momentum"] * (1 - beta1)) / beta1
        slots["velocity"] += (gradient.squared() - slots["velocity"]) * (1 - beta2)
        let deviation = (slots["velocity"] / (1 - pow(beta2, t))).sqrt() + hyperparameters.epsilon
        slots["momentum"] -= gradient * rate / deviation
        let newMean = mean * (1 - 1 / t) + slots["momentum"] / t
        value = slots["momentum"] * (1 - beta1) + newMean * beta1
    }
}
