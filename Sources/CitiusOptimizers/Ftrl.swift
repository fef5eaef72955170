import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Follow the regularized leader, for sparse linear models (McMahan et al. 2013, "Ad click prediction: a view from the
/// trenches").
///
/// With the accumulator a, the linear part z, λ = l2 + β / 2η and p the learning rate's power:
///
///     ĝ = g + 2·shrinkage·w
///     a′ = a + g²
///     z ← z + ĝ − (a′^−p − a^−p) / η · w
///     w ← (clip(z, ±l1) − z) / (a′^−p / η + 2λ)
///
/// Follows `keras.optimizers.Ftrl`.
public final class Ftrl: Optimizer, ConfigurableOptimizer {
    public static let module: String? = "keras.optimizers"

    public struct Hyperparameters: OptimizerHyperparameters {
        /// p, how the learning rate falls with the squares' sum: at most 0.
        public var learningRatePower: Double
        /// What a starts with: 0 or more.
        public var initialAccumulatorValue: Double
        /// l1, a penalty on weights: 0 or more.
        public var l1RegularizationStrength: Double
        /// l2, a penalty on their squares: 0 or more.
        public var l2RegularizationStrength: Double
        /// A penalty on the squares that enters the gradient alone: 0 or more.
        public var l2ShrinkageRegularizationStrength: Double
        /// β of the paper.
        public var beta: Double

        enum CodingKeys: String, CodingKey {
            case l1RegularizationStrength = "l1_regularization_strength"
            case l2RegularizationStrength = "l2_regularization_strength"
            case l2ShrinkageRegularizationStrength = "l2_shrinkage_regularization_strength"
            case learningRatePower, initialAccumulatorValue, beta
        }

        public var problem: String? {
            firstProblem(
                (learningRatePower <= 0, "learningRatePower is \(learningRatePower), expected 0 or less"),
                (
                    initialAccumulatorValue >= 0,
                    "initialAccumulatorValue is \(initialAccumulatorValue), expected 0 or more"
                ),
                (
                    l1RegularizationStrength >= 0,
                    "l1RegularizationStrength is \(l1RegularizationStrength), expected 0 or more"
                ),
                (
                    l2RegularizationStrength >= 0,
                    "l2RegularizationStrength is \(l2RegularizationStrength), expected 0 or more"
                ),
                (
                    l2ShrinkageRegularizationStrength >= 0,
                    "l2ShrinkageRegularizationStrength is \(l2ShrinkageRegularizationStrength), expected 0 or more"
                ))
        }
    }

    public let hyperparameters: Hyperparameters

    /// The arguments are those of `Hyperparameters` and of every `Optimizer`. Traps if a number is out of range, or if
    /// more than one kind of clipping is given.
    public convenience init(
        learningRate: any LearningRateSchedule = 0.001, learningRatePower: Double = -0.5,
        initialAccumulatorValue: Double = 0.1, l1RegularizationStrength: Double = 0,
        l2RegularizationStrength: Double = 0, l2ShrinkageRegularizationStrength: Double = 0, beta: Double = 0,
        weightDecay: Double? = nil, clipNorm: Double? = nil, clipValue: Double? = nil,
        globalClipNorm: Double? = nil, useEMA: Bool = false, emaMomentum: Double = 0.99,
        emaOverwriteFrequency: Int? = nil, gradientAccumulationSteps: Int? = nil, name: String? = nil
    ) {
        self.init(
            Hyperparameters(
                learningRatePower: learningRatePower, initialAccumulatorValue: initialAccumulatorValue,
                l1RegularizationStrength: l1RegularizationStrength,
                l2RegularizationStrength: l2RegularizationStrength,
                l2ShrinkageRegularizationStrength: l2ShrinkageRegularizationStrength, beta: beta),
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
        require(hyperparameters, of: "Ftrl")
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    public override var slotNames: [String] { ["accumulator", "linear"] }

    public override func makeSlot(_ name: String, for parameter: Parameter) -> Tensor {
        let zeros = Tensor(zeros: parameter.shape, dtype: parameter.dtype)
        return name == "accumulator" ? zeros + hyperparameters.initialAccumulatorValue : zeros
    }

    public override func update(
        _ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep
    ) {
        let (h, rate) = (hyperparameters, step.learningRate)
        let regulated = gradient + value * (2 * h.l2ShrinkageRegularizationStrength)
        let accumulator = slots["accumulator"] + gradient.squared()
        let power = accumulator.pow(-h.learningRatePower)
        slots["linear"] +=
            regulated
            - (power - slots["accumulator"].pow(-h.learningRatePower)) / rate * value
        let quadratic = power / rate + 2 * (h.l2RegularizationStrength + h.beta / (2 * rate))
        let l1 = h.l1RegularizationStrength
        value = (slots["linear"].clamped(to: -l1...l1) - slots["linear"]) / quadratic
        slots["accumulator"] = accumulator
    }
}

extension Optimizer {
    /// Ftrl with Keras's defaults.
    public static var ftrl: Optimizer { Ftrl() }
}
