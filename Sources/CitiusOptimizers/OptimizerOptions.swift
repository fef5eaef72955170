/// What every optimizer can be told beside its own formula, with Keras's defaults.
public struct OptimizerOptions: Sendable {
    /// Kept for Keras's files; nil for a name after the type.
    public var name: String?
    /// The length of a step: a number or a schedule.
    public var learningRate: any LearningRateSchedule
    /// The fraction of a weight that a step of learning rate 1 takes away; nil for no decay.
    public var weightDecay: Double?
    /// The largest norm of each gradient.
    public var clipNorm: Double?
    /// The largest magnitude of a gradient's elements.
    public var clipValue: Double?
    /// The largest norm of all gradients together, as one vector.
    public var globalClipNorm: Double?
    /// Whether running averages of the weights are kept.
    public var useEMA: Bool
    /// How much of a running average a step keeps.
    public var emaMomentum: Double
    /// After how many iterations the weights are overwritten with their averages; nil for never.
    public var emaOverwriteFrequency: Int?
    /// How many gradients are averaged for one change of the weights; nil for one.
    public var gradientAccumulationSteps: Int?
    /// Kept for Keras's files. Keras multiplies the loss by it and divides the gradients by it, so that small
    /// gradients survive in half precision; in float32 that changes nothing, and Citius does neither.
    public var lossScaleFactor: Double?

    public init(
        learningRate: any LearningRateSchedule = 0.001, weightDecay: Double? = nil, clipNorm: Double? = nil,
        clipValue: Double? = nil, globalClipNorm: Double? = nil, useEMA: Bool = false,
        emaMomentum: Double = 0.99,
        emaOverwriteFrequency: Int? = nil, gradientAccumulationSteps: Int? = nil, name: String? = nil
    ) {
        self.name = name
        self.learningRate = learningRate
        self.weightDecay = weightDecay
        self.clipNorm = clipNorm
        self.clipValue = clipValue
        self.globalClipNorm = globalClipNorm
        self.useEMA = useEMA
        self.emaMomentum = emaMomentum
        self.emaOverwriteFrequency = emaOverwriteFrequency
        self.gradientAccumulationSteps = gradientAccumulationSteps
    }

    /// What is wrong with the numbers; nil if nothing is.
    var problem: String? {
        let clipping = [clipNorm, clipValue, globalClipNorm].compactMap { $0 }
        let rate = learningRate as? Double ?? (learningRate as? Int).map(Double.init) ?? 0
        return firstProblem(
            (rate >= 0 && rate.isFinite, "learningRate is \(rate), expected a finite number of at least 0"),
            (weightDecay ?? 0 >= 0, "weightDecay is \(weightDecay ?? 0), expected 0 or more"),
            (
                clipping.count <= 1,
                "\(clipping.count) of clipNorm, clipValue and globalClipNorm are given, expected at most one"
            ),
            (
                clipping.allSatisfy { $0 > 0 },
                "gradients are clipped at \(clipping.first ?? 0), expected a positive number"
            ),
            ((0...1).contains(emaMomentum), "emaMomentum is \(emaMomentum), expected 0…1"),
            (
                emaOverwriteFrequency ?? 1 >= 1,
                "emaOverwriteFrequency is \(emaOverwriteFrequency ?? 1), expected 1 or more"
            ),
            (
                gradientAccumulationSteps ?? 2 >= 2,
                "gradientAccumulationSteps is \(gradientAccumulationSteps ?? 2), expected 2 or more"
            ))
    }
}
