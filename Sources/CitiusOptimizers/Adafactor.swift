import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Steps scaled by the gradient's mean square, of which it keeps a row and a column for each matrix (Shazeer and Stern
/// 2018, arXiv:1804.04235): for models whose state would not fit into memory.
///
/// At step t, with β̂ = 1 − t^γ, ĝ = g² + ε₁ and η̂ = min(η, 1/√t):
///
///     r ← β̂·r + (1 − β̂)·(ĝ's mean over columns)
///     c ← β̂·c + (1 − β̂)·(ĝ's mean over rows)
///     v = r·c / (r's mean)               for parameters of one axis: v ← β̂·v + (1 − β̂)·ĝ
///     u = g / √v
///     w ← w − η̂·max(ε₂, rms(w)) · u / max(1, rms(u) / d)
///
/// Rows and columns are the last two axes. Follows `keras.optimizers.Adafactor`, which keeps v too.
public final class Adafactor: Optimizer, ConfigurableOptimizer {
    public static let module: String? = "keras.optimizers"

    public struct Hyperparameters: OptimizerHyperparameters {
        /// γ, how fast the mean's memory grows: below 0.
        public var beta2Decay: Double
        /// ε₁, keeps the quotient finite.
        public var epsilon1: Double
        /// ε₂, the least size of a weight that steps are measured by.
        public var epsilon2: Double
        /// d, the largest root mean square of u.
        public var clipThreshold: Double
        /// Without an effect beyond Keras's: the learning rate is at most 1/√t in any case.
        public var relativeStep: Bool

        enum CodingKeys: String, CodingKey {
            case beta2Decay = "beta_2_decay"
            case epsilon1 = "epsilon_1"
            case epsilon2 = "epsilon_2"
            case clipThreshold, relativeStep
        }

        public var problem: String? {
            firstProblem(
                (beta2Decay < 0, "beta2Decay is \(beta2Decay), expected a number below 0"),
                (clipThreshold > 0, "clipThreshold is \(clipThreshold), expected a number above 0"))
        }
    }

    public let hyperparameters: Hyperparameters

    /// The arguments are those of `Hyperparameters` and of every `Optimizer`. Traps if a number is out of range, or if
    /// more than one kind of clipping is given.
    public convenience init(
        learningRate: any LearningRateSchedule = 0.001, beta2Decay: Double = -0.8, epsilon1: Double = 1e-30,
        epsilon2: Double = 1e-3, clipThreshold: Double = 1, relativeStep: Bool = true,
        weightDecay: Double? = nil, clipNorm: Double? = nil, clipValue: Double? = nil,
        globalClipNorm: Double? = nil, useEMA: Bool = false, emaMomentum: Double = 0.99,
        emaOverwriteFrequency: Int? = nil, gradientAccumulationSteps: Int? = nil, name: String? = nil
    ) {
        self.init(
            Hyperparameters(
                beta2Decay: beta2Decay, epsilon1: epsilon1, epsilon2: epsilon2, clipThreshold: clipThreshold,
                relativeStep: relativeStep),
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
        require(hyperparameters, of: "Adafactor")
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    public override var slotNames: [String] { ["row", "column", "velocity"] }

    public override func makeSlot(_ name: String, for parameter: Parameter) -> Tensor {
        let sizes = parameter.shape.sizes
        let shape: Shape =
            switch name {
            case "velocity": parameter.shape
            // Parameters of one axis have neither rows nor columns; Keras keeps an unused number for each.
            case _ where sizes.count < 2: []
            case "row": Shape(sizes.dropLast())
            default: Shape(sizes.dropLast(2) + [sizes[sizes.count - 1]])
            }
        return Tensor(zeros: shape, dtype: parameter.dtype)
    }

    public override func update(
        _ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep
    ) {
        let t = Double(step.number)
        let rate = min(step.learningRate, 1 / t.squareRoot()) * max(hyperparameters.epsilon2, rms(value))
        let kept = 1 - pow(t, hyperparameters.beta2Decay)
        let square = gradient.squared() + hyperparameters.epsilon1
        if value.rank >= 2 {
            slots["row"] *= kept
            slots["row"] += square.mean(axes: [-1]) * (1 - kept)
            slots["column"] *= kept
            slots["column"] += square.mean(axes: [-2]) * (1 - kept)
            let row = slots["row"] / slots["row"].mean(axes: [-1], keepingAxes: true)
            slots["velocity"] = row.expandingAxis(at: -1) * slots["column"].expandingAxis(at: -2)
        } else {
            slots["velocity"] *= kept
            slots["velocity"] += square * (1 - kept)
        }
        let change = gradient / slots["velocity"].sqrt()
        value -= change * (rate / max(1, rms(change) / hyperparameters.clipThreshold))
    }

    private func rms(_ x: Tensor) -> Double { x.squared().mean().scalar.squareRoot() }
}

extension Optimizer {
    /// Adafactor with Keras's defaults.
    public static var adafactor: Optimizer { Adafactor() }
}
