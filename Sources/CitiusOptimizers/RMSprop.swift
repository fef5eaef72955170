import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Steps scaled by a running mean of the gradient's square (Hinton 2012, lecture 6e of "Neural networks for machine
/// learning").
///
///     v ← ρ·v + (1 − ρ)·g²
///     w ← w − η·g / √(v + ε)
///
/// With `centered`, v loses the square of the gradients' mean: ḡ ← ρ·ḡ + (1 − ρ)·g and √(v − ḡ² + ε). With momentum μ,
/// the steps add up: m ← μ·m + step, w ← w − m. Follows `keras.optimizers.RMSprop`.
public final class RMSprop: Optimizer, ConfigurableOptimizer {
    public static let module: String? = "keras.optimizers"

    public struct Hyperparameters: OptimizerHyperparameters {
        /// ρ, how much of the squares' mean a step keeps: 0…1.
        public var rho: Double
        /// μ: 0…1.
        public var momentum: Double
        /// ε, keeps the quotient finite.
        public var epsilon: Double
        /// Whether to divide by the gradient's variance instead of its mean square.
        public var centered: Bool

        public var problem: String? {
            firstProblem(
                ((0...1).contains(rho), "rho is \(rho), expected 0…1"),
                ((0...1).contains(momentum), "momentum is \(momentum), expected 0…1"),
                (epsilon >= 0, "epsilon is \(epsilon), expected 0 or more"))
        }
    }

    public let hyperparameters: Hyperparameters

    /// The arguments are those of `Hyperparameters` and of every `Optimizer`. Traps if a number is out of range, or if
    /// more than one kind of clipping is given.
    public convenience init(
        learningRate: any LearningRateSchedule = 0.001, rho: Double = 0.9, momentum: Double = 0,
        epsilon: Double = 1e-7, centered: Bool = false,
        weightDecay: Double? = nil, clipNorm: Double? = nil, clipValue: Double? = nil,
        globalClipNorm: Double? = nil, useEMA: Bool = false, emaMomentum: Double = 0.99,
        emaOverwriteFrequency: Int? = nil, gradientAccumulationSteps: Int? = nil, name: String? = nil
    ) {
        self.init(
            Hyperparameters(rho: rho, momentum: momentum, epsilon: epsilon, centered: centered),
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
        require(hyperparameters, of: "RMSprop")
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    public override var slotNames: [String] { slotGroups.flatMap { $0 } }

    package override var slotGroups: [[String]] {
        [["velocity"]] + (hyperparameters.momentum > 0 ? [["momentum"]] : [])
            + (hyperparameters.centered ? [["average_gradient"]] : [])
    }

    public override func update(
        _ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep
    ) {
        let (rho, momentum) = (hyperparameters.rho, hyperparameters.momentum)
        slots["velocity"] *= rho
        slots["velocity"] += gradient.squared() * (1 - rho)
        var denominator = slots["velocity"]
        if hyperparameters.centered {
            slots["average_gradient"] *= rho
            slots["average_gradient"] += gradient * (1 - rho)
            denominator -= slots["average_gradient"].squared()
        }
        let change = gradient * step.learningRate / (denominator + hyperparameters.epsilon).sqrt()
        guard momentum > 0 else {
            value -= change
            return
        }
        slots["momentum"] *= momentum
        slots["momentum"] += change
        value -= slots["momentum"]
    }
}

extension Optimizer {
    /// RMSprop with Keras's defaults.
    public static var rmsprop: Optimizer { RMSprop() }
}
