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
public final class Adam: Optimizer {
    public let beta1: Double
    public let beta2: Double
    public let epsilon: Double
    public let amsgrad: Bool

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
            beta1: beta1, beta2: beta2, epsilon: epsilon, amsgrad: amsgrad,
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

    init(beta1: Double, beta2: Double, epsilon: Double, amsgrad: Bool, options: OptimizerOptions) {
        require((0..<1).contains(beta1), "Adam: beta1 is \(beta1), expected 0..<1")
        require((0..<1).contains(beta2), "Adam: beta2 is \(beta2), expected 0..<1")
        require(epsilon >= 0, "Adam: epsilon is \(epsilon), expected 0 or more")
        self.beta1 = beta1
        self.beta2 = beta2
        self.epsilon = epsilon
        self.amsgrad = amsgrad
        super.init(options: options)
    }

    public override var slotNames: [String] {
        amsgrad ? ["momentum", "velocity", "velocity_hat"] : ["momentum", "velocity"]
    }

    package override var isFused: Bool { true }

    package override func fusedStep<T: KernelReal>(
        _ segments: [StepSegment], of type: T.Type, number: Int, rate: Double, limit: Double
    ) {
        let t = Double(number)
        let alpha = rate * (1 - Double.pow(beta2, t)).squareRoot() / (1 - Double.pow(beta1, t))
        adamStep(
            segments, of: T.self, alpha: alpha, beta1: beta1, beta2: beta2, epsilon: epsilon,
            keepsMaximum: amsgrad, limit: limit)
    }
}

extension Optimizer {
    /// Adam with Keras's defaults.
    public static var adam: Optimizer { Adam() }
}
