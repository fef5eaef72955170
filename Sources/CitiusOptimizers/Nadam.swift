import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Adam with Nesterov's momentum (Dozat 2016, "Incorporating Nesterov momentum into Adam").
///
/// At step t, with μₜ = β₁(1 − 0.96ᵗ / 2) and Πₜ = μ₁ ⋯ μₜ:
///
///     m ← m + (g − m)(1 − β₁)
///     v ← v + (g² − v)(1 − β₂)
///     m̂ = μₜ₊₁·m / (1 − Πₜ₊₁) + (1 − μₜ)·g / (1 − Πₜ)
///     w ← w − η·m̂ / (√(v / (1 − β₂ᵗ)) + ε)
///
/// Follows `keras.optimizers.Nadam`.
public final class Nadam: Optimizer, ConfigurableOptimizer {
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
        require(hyperparameters, of: "Nadam")
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    public override var slotNames: [String] { ["momentum", "velocity"] }

    /// Πₜ and its t. It follows from t, so that it is no part of the state.
    private var product = (step: 0, value: 1.0)

    private func momentum(at step: Int) -> Double {
        hyperparameters.beta1 * (1 - 0.5 * pow(0.96, Double(step)))
    }

    /// Πₜ, always multiplied in the same order, until it is too small to be told from 0.
    private func momentumProduct(to step: Int) -> Double {
        if step < product.step { product = (0, 1) }
        while product.step < step, product.value > 0 {
            product.step += 1
            product.value *= momentum(at: product.step)
        }
        return product.value
    }

    /// Keras keeps Πₜ after the slots.
    package override func trailingKerasVariables(dtype: DType) -> [Tensor] {
        [Tensor(momentumProduct(to: iterations)).cast(to: dtype)]
    }

    public override func update(
        _ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep
    ) {
        let t = step.number
        let (now, next) = (momentum(at: t), momentum(at: t + 1))
        let product = momentumProduct(to: t)
        slots["momentum"] += (gradient - slots["momentum"]) * (1 - hyperparameters.beta1)
        slots["velocity"] += (gradient.squared() - slots["velocity"]) * (1 - hyperparameters.beta2)
        let mean =
            slots["momentum"] * (next / (1 - product * next)) + gradient * ((1 - now) / (1 - product))
        let square = slots["velocity"] * (1 / (1 - pow(hyperparameters.beta2, Double(t))))
        value -= mean * step.learningRate / (square.sqrt() + hyperparameters.epsilon)
    }
}

extension Optimizer {
    /// Nadam with Keras's defaults.
    public static var nadam: Optimizer { Nadam() }
}
