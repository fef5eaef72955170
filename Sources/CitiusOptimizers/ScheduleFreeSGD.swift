import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Gradient descent that needs no schedule: the weights are drawn towards the mean of all steps instead (Defazio et al.
/// 2024, "The road less scheduled", arXiv:2405.15682).
///
/// At step t, with x the mean, z where the steps lead (the slot `momentum`, which begins at the weights), and the
/// weights y = (1 − β)·z + β·x:
///
///     z ← z − η·g
///     x ← (1 − 1/t)·x + z/t
///     w ← (1 − β)·z + β·x
///
/// The mean x is not kept: it follows from the weights and z. It takes the larger learning rates that the mean evens out.
/// Keras has no such optimizer; like its `ScheduleFreeAdamW`, this one evaluates and saves the weights w, not x.
public final class ScheduleFreeSGD: Optimizer, ConfigurableOptimizer {
    public struct Hyperparameters: OptimizerHyperparameters {
        /// β, the part of the mean in the weights: above 0, at most 1.
        public var beta: Double
        /// For how many steps the learning rate rises to what it is.
        public var warmupSteps: Int

        public var problem: String? {
            firstProblem(
                (beta > 0 && beta <= 1, "beta is \(beta), expected a number above 0 and at most 1"),
                (warmupSteps >= 0, "warmupSteps is \(warmupSteps), expected 0 or more"))
        }
    }

    public let hyperparameters: Hyperparameters

    /// The arguments are those of `Hyperparameters` and of every `Optimizer`. Traps if a number is out of range, or if
    /// more than one kind of clipping is given.
    public convenience init(
        learningRate: any LearningRateSchedule = 1, beta: Double = 0.9, warmupSteps: Int = 0,
        weightDecay: Double? = nil, clipNorm: Double? = nil, clipValue: Double? = nil,
        globalClipNorm: Double? = nil, useEMA: Bool = false, emaMomentum: Double = 0.99,
        emaOverwriteFrequency: Int? = nil, gradientAccumulationSteps: Int? = nil, name: String? = nil
    ) {
        self.init(
            Hyperparameters(beta: beta, warmupSteps: warmupSteps),
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
        require(hyperparameters, of: "ScheduleFreeSGD")
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    public override var slotNames: [String] { ["momentum"] }

    public override func makeSlot(_ name: String, for parameter: Parameter) -> Tensor { parameter.value }

    public override func update(
        _ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep
    ) {
        let (beta, t) = (hyperparameters.beta, Double(step.number))
        var rate = step.learningRate
        if hyperparameters.warmupSteps > 0 { rate *= min(1, t / Double(hyperparameters.warmupSteps)) }
        let mean = (value - slots["momentum"] * (1 - beta)) / beta
        slots["momentum"] -= gradient * rate
        let newMean = mean * (1 - 1 / t) + slots["momentum"] / t
        value = slots["momentum"] * (1 - beta) + newMean * beta
    }
}
