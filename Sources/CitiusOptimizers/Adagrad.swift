import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Steps scaled by the sum of the gradients' squares so far (Duchi, Hazan and Singer 2011,
/// jmlr.org/papers/v12/duchi11a.html).
///
///     a ← a + g²
///     w ← w − η·g / √(a + ε)
///
/// Follows `keras.optimizers.Adagrad`.
public final class Adagrad: Optimizer, ConfigurableOptimizer {
    public static let module: String? = "keras.optimizers"

    public struct Hyperparameters: OptimizerHyperparameters {
        /// What a starts with: 0 or more.
        public var initialAccumulatorValue: Double
        /// ε, keeps the quotient finite.
        public var epsilon: Double

        public var problem: String? {
            firstProblem(
                (
                    initialAccumulatorValue >= 0,
                    "initialAccumulatorValue is \(initialAccumulatorValue), expected 0 or more"
                ),
                (epsilon >= 0, "epsilon is \(epsilon), expected 0 or more"))
        }
    }

    public let hyperparameters: Hyperparameters

    /// The arguments are those of `Hyperparameters` and of every `Optimizer`. Traps if a number is out of range, or if
    /// more than one kind of clipping is given.
    public convenience init(
        learningRate: any LearningRateSchedule = 0.001, initialAccumulatorValue: Double = 0.1,
        epsilon: Double = 1e-7,
        weightDecay: Double? = nil, clipNorm: Double? = nil, clipValue: Double? = nil,
        globalClipNorm: Double? = nil, useEMA: Bool = false, emaMomentum: Double = 0.99,
        emaOverwriteFrequency: Int? = nil, gradientAccumulationSteps: Int? = nil, name: String? = nil
    ) {
        self.init(
            Hyperparameters(initialAccumulatorValue: initialAccumulatorValue, epsilon: epsilon),
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
        require(hyperparameters, of: "Adagrad")
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    public override var slotNames: [String] { ["accumulator"] }

    public override func makeSlot(_ name: String, for parameter: Parameter) -> Tensor {
        Tensor(zeros: parameter.shape, dtype: parameter.dtype) + hyperparameters.initialAccumulatorValue
    }

    public override func update(
        _ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep
    ) {
        slots["accumulator"] += gradient.squared()
        value -= gradient * step.learningRate / (slots["accumulator"] + hyperparameters.epsilon).sqrt()
    }
}

extension Optimizer {
    /// Adagrad with Keras's defaults.
    public static var adagrad: Optimizer { Adagrad() }
}
