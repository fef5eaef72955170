import CitiusKernels
import CitiusPlatform

/// Adam: steps scaled by running means of the gradient and of its square (Kingma and Ba 2015,
/// arXiv:1412.6980).
///
/// At step t, with the learning rate η and m and v starting at zero:
///
///     m ← m + (g − m)(1 − β₁)
///     v ← v + (g² − v)(1 − β₂)
///     w ← w − α·m / (√v + ε),  α = η·√(1 − β₂ᵗ) / (1 − β₁ᵗ)
///
/// ε stands outside the bias correction ("ε hat" of the paper's section 2), as in `keras.optimizers.Adam`.
/// AMSGrad (Reddi, Kale and Kumar 2018, arXiv:1904.09237) divides by the root of the largest v so far.
public final class Adam: Optimizer, ConfigurableOptimizer {
    public static let module: String? = "keras.optimizers"

    public struct Hyperparameters: OptimizerHyperparameters {
        /// β₁, how much of the gradients' mean a step keeps: 0..<1.
        public var beta1: Double
        /// β₂, how much of the squares' mean a step keeps: 0..<1.
        public var beta2: Double
        /// ε, keeps the quotient finite.
        public var epsilon: Double
        /// Whether to divide by the largest v so far.
        public var amsgrad: Bool

        enum CodingKeys: String, CodingKey {
            case beta1 = "beta_1"
            case beta2 = "beta_2"
            case epsilon, amsgrad
        }

        public var problem: String? {
            firstProblem(
                ((0..<1).contains(beta1), "beta1 is \(beta1), expected 0..<1"),
                ((0..<1).contains(beta2), "beta2 is \(beta2), expected 0..<1"),
                (epsilon >= 0, "epsilon is \(epsilon), expected 0 or more"))
        }
    }

    public let hyperparameters: Hyperparameters

    /// - Parameters:
    ///   - beta1: β₁, how much of the gradients' mean a step keeps: 0..<1.
    ///   - beta2: β₂, how much of the squares' mean a step keeps: 0..<1.
    ///   - epsilon: ε, keeps the quotient finite.
    ///   - amsgrad: whether to divide by the largest v so far.
    ///
    /// The other arguments are those of every `Optimizer`. Traps if a number is out of range, or if more than one
    /// kind of clipping is given.
    public convenience init(
        learningRate: any LearningRateSchedule = 0.001, beta1: Double = 0.9, beta2: Double = 0.999,
        epsilon: Double = 1e-7, amsgrad: Bool = false, weightDecay: Double? = nil, clipNorm: Double? = nil,
        clipValue: Double? = nil, globalClipNorm: Double? = nil, useEMA: Bool = false,
        emaMomentum: Double = 0.99, emaOverwriteFrequency: Int? = nil, gradientAccumulationSteps: Int? = nil,
        name: String? = nil
    ) {
        self.init(
            Hyperparameters(beta1: beta1, beta2: beta2, epsilon: epsilon, amsgrad: amsgrad),
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
        require(hyperparameters, of: "Adam")
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    public override var slotNames: [String] { hyperparameters.slotNames }

    package override var slotGroups: [[String]] { hyperparameters.slotGroups }

    package override var isFused: Bool { true }

    package override var rowRule: StepRule? { hyperparameters.rowRule }

    package override func rowRate(number: Int, rate: Double) -> Double {
        hyperparameters.alpha(number: number, rate: rate)
    }

    package override func fusedStep<T: KernelReal>(
        _ segments: [StepSegment], of type: T.Type, number: Int, rate: Double, limit: Double
    ) {
        hyperparameters.step(segments, of: T.self, number: number, rate: rate, limit: limit)
    }
}

/// What Adam and AdamW share.
extension Adam.Hyperparameters {
    var slotNames: [String] { slotGroups.flatMap { $0 } }

    var slotGroups: [[String]] {
        amsgrad ? [["momentum", "velocity"], ["velocity_hat"]] : [["momentum", "velocity"]]
    }

    func step<T: KernelReal>(
        _ segments: [StepSegment], of type: T.Type, number: Int, rate: Double, limit: Double
    ) {
        adamStep(
            segments, of: T.self, alpha: alpha(number: number, rate: rate), beta1: beta1, beta2: beta2,
            epsilon: epsilon,
            keepsMaximum: amsgrad, limit: limit)
    }

    /// The learning rate with both means' corrections for their beginning at zero.
    func alpha(number: Int, rate: Double) -> Double {
        let t = Double(number)
        return rate * (1 - pow(beta2, t)).squareRoot() / (1 - pow(beta1, t))
    }

    var rowRule: StepRule {
        .adam(beta1: beta1, beta2: beta2, epsilon: epsilon, keepsMaximum: amsgrad)
    }
}

extension Optimizer {
    /// Adam with Keras's defaults.
    public static var adam: Optimizer { Adam() }
}
