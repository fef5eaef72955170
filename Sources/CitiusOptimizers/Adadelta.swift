import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Steps scaled by running means of the gradient's square and of the steps' own (Zeiler 2012, arXiv:1212.5701).
///
///     a ← ρ·a + (1 − ρ)·g²
///     Δ = g·√(d + ε) / √(a + ε)
///     d ← ρ·d + (1 − ρ)·Δ²
///     w ← w − η·Δ
///
/// The paper has no learning rate: η is 1. Follows `keras.optimizers.Adadelta`.
public final class Adadelta: Optimizer, ConfigurableOptimizer {
    public static let module: String? = "keras.optimizers"

    public struct Hyperparameters: OptimizerHyperparameters {
        /// ρ, how much of the means a step keeps: 0…1.
        public var rho: Double
        /// ε, keeps the quotient finite.
        public var epsilon: Double

        public var problem: String? {
            firstProblem(
                ((0...1).contains(rho), "rho is \(rho), expected 0…1"),
                (epsilon >= 0, "epsilon is \(epsilon), expected 0 or more"))
        }
    }

    public let hyperparameters: Hyperparameters

    /// The arguments are those of `Hyperparameters` and of every `Optimizer`. Traps if a number is out of range, or if
    /// more than one kind of clipping is given.
    public convenience init(
        learningRate: any LearningRateSchedule = 0.001, rho: Double = 0.95, epsilon: Double = 1e-7,
        weightDecay: Double? = nil, clipNorm: Double? = nil, clipValue: Double? = nil,
        globalClipNorm: Double? = nil, useEMA: Bool = false, emaMomentum: Double = 0.99,
        emaOverwriteFrequency: Int? = nil, gradientAccumulationSteps: Int? = nil, name: String? = nil
    ) {
        self.init(
            Hyperparameters(rho: rho, epsilon: epsilon),
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
        require(hyperparameters, of: "Adadelta")
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    public override var slotNames: [String] { ["accumulated_grad", "accumulated_delta_var"] }

    public override func update(
        _ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep
    ) {
        let (rho, epsilon) = (hyperparameters.rho, hyperparameters.epsilon)
        slots["accumulated_grad"] *= rho
        slots["accumulated_grad"] += gradient.squared() * (1 - rho)
        let change =
            gradient * (slots["accumulated_delta_var"] + epsilon).sqrt()
            / (slots["accumulated_grad"] + epsilon).sqrt()
        slots["accumulated_delta_var"] *= rho
        slots["accumulated_delta_var"] += change.squared() * (1 - rho)
        value -= change * step.learningRate
    }
}

extension Optimizer {
    /// Adadelta with Keras's defaults.
    public static var adadelta: Optimizer { Adadelta() }
}
