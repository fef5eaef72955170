import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Steps of matrices along the nearest orthogonal matrix to their momentum (Jordan et al. 2024, "Muon"; Liu et al.
/// 2025, arXiv:2502.16982); Adam's for all other parameters.
///
/// For a matrix [n, m] that is no embedding and in no excluded layer:
///
///     M ← μ·M + g
///     w ← w − η·ρ·√max(n, m) · orthogonal(g + μ·M)
///
/// `orthogonal` are some steps of X ← a·X + (b·A + c·A²)·X with A = X·Xᵀ (Newton and Schulz), from X of Frobenius norm
/// 1: singular values come near 1. Without Nesterov's form it is given M. Other parameters take a step of Adam, of
/// `adamLearningRateRatio` times the learning rate, and decay by `adamWeightDecay`.
///
/// Output layers are best excluded, by `excludeLayers`. Follows `keras.optimizers.Muon`.
public final class Muon: Optimizer, ConfigurableOptimizer {
    public static let module: String? = "keras.optimizers"

    public struct Hyperparameters: OptimizerHyperparameters {
        /// β₁ of Adam's steps: 0..<1.
        public var adamBeta1: Double
        /// β₂ of Adam's steps: 0..<1.
        public var adamBeta2: Double
        /// ε of Adam's steps.
        public var epsilon: Double
        /// The fraction of a weight that a step of Adam of learning rate 1 takes away; nil for no decay.
        public var adamWeightDecay: Double?
        /// What the learning rate of Adam's steps is multiplied by.
        public var adamLearningRateRatio: Double
        /// Words: parameters whose path contains one take Adam's steps.
        public var excludeLayers: [String]
        /// Whether parameters whose path contains "embedding" take Adam's steps.
        public var excludeEmbeddings: Bool
        /// a, b and c of the iteration.
        public var muonA: Double, muonB: Double, muonC: Double
        /// μ, how much of the momentum a step keeps: 0..<1.
        public var momentum: Double
        /// The steps of the iteration.
        public var iterationSteps: Int
        /// Whether the step looks ahead.
        public var nesterov: Bool
        /// ρ, which gives steps the length of Adam's; nil leaves out ρ·√max(n, m).
        public var rmsRate: Double?

        enum CodingKeys: String, CodingKey {
            case adamBeta1 = "adam_beta_1"
            case adamBeta2 = "adam_beta_2"
            case adamLearningRateRatio = "adam_lr_ratio"
            case iterationSteps = "ns_steps"
            case epsilon, adamWeightDecay, excludeLayers, excludeEmbeddings, muonA, muonB, muonC, momentum,
                nesterov
            case rmsRate
        }

        public var problem: String? {
            firstProblem(
                ((0..<1).contains(adamBeta1), "adamBeta1 is \(adamBeta1), expected 0..<1"),
                ((0..<1).contains(adamBeta2), "adamBeta2 is \(adamBeta2), expected 0..<1"),
                (epsilon >= 0, "epsilon is \(epsilon), expected 0 or more"),
                ((0..<1).contains(momentum), "momentum is \(momentum), expected 0..<1"),
                (
                    (0...1000).contains(iterationSteps),
                    "the steps of the iteration are \(iterationSteps), expected 0…1000"
                ))
        }
    }

    public let hyperparameters: Hyperparameters

    /// The arguments are those of `Hyperparameters` and of every `Optimizer`. Traps if a number is out of range, or if
    /// more than one kind of clipping is given.
    public convenience init(
        learningRate: any LearningRateSchedule = 0.001, adamBeta1: Double = 0.9, adamBeta2: Double = 0.999,
        adamWeightDecay: Double? = 0.004, epsilon: Double = 1e-7, weightDecay: Double? = 0.004,
        clipNorm: Double? = nil, clipValue: Double? = nil,
        globalClipNorm: Double? = nil, useEMA: Bool = false, emaMomentum: Double = 0.99,
        emaOverwriteFrequency: Int? = nil, gradientAccumulationSteps: Int? = nil, name: String? = nil,
        excludeLayers: [String] = [], excludeEmbeddings: Bool = true, muonA: Double = 3.4445,
        muonB: Double = -4.7750, muonC: Double = 2.0315, adamLearningRateRatio: Double = 1,
        momentum: Double = 0.95,
        iterationSteps: Int = 5, nesterov: Bool = true, rmsRate: Double? = 0.2
    ) {
        self.init(
            Hyperparameters(
                adamBeta1: adamBeta1, adamBeta2: adamBeta2, epsilon: epsilon,
                adamWeightDecay: adamWeightDecay,
                adamLearningRateRatio: adamLearningRateRatio, excludeLayers: excludeLayers,
                excludeEmbeddings: excludeEmbeddings, muonA: muonA, muonB: muonB, muonC: muonC,
                momentum: momentum, iterationSteps: iterationSteps, nesterov: nesterov, rmsRate: rmsRate),
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
        require(hyperparameters, of: "Muon")
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    public override var slotNames: [String] { ["momentum", "velocity"] }

    public override func hasSlot(_ name: String, for parameter: Parameter) -> Bool {
        name == "momentum" || takesAdamsSteps(parameter)
    }

    package override func weightDecay(of parameter: Parameter) -> Double? {
        takesAdamsSteps(parameter) ? hyperparameters.adamWeightDecay : options.weightDecay
    }

    private func takesAdamsSteps(_ parameter: Parameter) -> Bool {
        parameter.shape.rank != 2
            || hyperparameters.excludeEmbeddings && parameter.path.lowercased().contains("embedding")
            || hyperparameters.excludeLayers.contains { parameter.path.contains($0) }
    }

    public override func update(
        _ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep
    ) {
        if takesAdamsSteps(step.parameter) {
            takeAdamsStep(&value, gradient, &slots, step)
        } else {
            let momentum = hyperparameters.momentum
            slots["momentum"] *= momentum
            slots["momentum"] += gradient
            let direction =
                hyperparameters.nesterov ? gradient + slots["momentum"] * momentum : slots["momentum"]
            let scale =
                hyperparameters.rmsRate.map { $0 * Double(value.shape.sizes.max() ?? 1).squareRoot() } ?? 1
            value -= orthogonal(direction) * (step.learningRate * scale)
        }
    }

    private func takeAdamsStep(
        _ value: inout Tensor, _ gradient: Tensor, _ slots: inout Slots, _ step: OptimizerStep
    ) {
        let (beta1, beta2, t) = (hyperparameters.adamBeta1, hyperparameters.adamBeta2, Double(step.number))
        let rate =
            step.learningRate * hyperparameters.adamLearningRateRatio * (1 - pow(beta2, t)).squareRoot()
            / (1 - pow(beta1, t))
        slots["momentum"] += (gradient - slots["momentum"]) * (1 - beta1)
        slots["velocity"] += (gradient.squared() - slots["velocity"]) * (1 - beta2)
        value -= slots["momentum"] * rate / (slots["velocity"].sqrt() + hyperparameters.epsilon)
    }

    /// Nearly the orthogonal matrix that is nearest to this one.
    private func orthogonal(_ matrix: Tensor) -> Tensor {
        let isTall = matrix.shape[0] > matrix.shape[1]
        var x = isTall ? matrix.transposed() : matrix
        x = x / (x.squared().sum().scalar.squareRoot() + 1e-7)
        for _ in 0..<hyperparameters.iterationSteps {
            let square = x.matmul(x, transposingRight: true)
            let polynomial = square * hyperparameters.muonB + square.matmul(square) * hyperparameters.muonC
            x = x * hyperparameters.muonA + polynomial.matmul(x)
        }
        return isTall ? x.transposed() : x
    }
}
