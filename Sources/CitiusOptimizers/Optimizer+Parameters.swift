import CitiusAutograd
import CitiusPlatform

/// What differs from parameter to parameter.
extension Optimizer {
    /// What the learning rate is multiplied by for these parameters: below 1 for the pretrained layers under a new
    /// head, 0 to hold them.
    ///
    /// ```swift
    /// optimizer.setLearningRateMultiplier(0.1, for: encoder.parameters)
    /// ```
    ///
    /// It is part of the state. Traps if it is negative or not finite.
    public final func setLearningRateMultiplier(_ multiplier: Double, for parameters: [Parameter]) {
        require(
            multiplier >= 0 && multiplier.isFinite,
            "\(Self.self): the learning rate's multiplier is \(multiplier), expected a finite number of at least 0"
        )
        for parameter in parameters { state(of: parameter).learningRateMultiplier = multiplier }
    }

    /// What the learning rate is multiplied by for a parameter: 1 unless set otherwise.
    public final func learningRateMultiplier(for parameter: Parameter) -> Double {
        knownState(of: parameter)?.learningRateMultiplier ?? 1
    }

    /// Leaves parameters out of weight decay.
    public final func excludeFromWeightDecay(_ parameters: [Parameter]) {
        for parameter in parameters { state(of: parameter).isExcludedFromWeightDecay = true }
    }

    /// Leaves parameters out of weight decay whose name contains one of these words.
    ///
    /// ```swift
    /// optimizer.excludeFromWeightDecay(named: ["bias", "gamma", "beta"])
    /// ```
    public final func excludeFromWeightDecay(named words: [String]) {
        excludeFromWeightDecay { parameter in words.contains { parameter.name.contains($0) } }
    }

    /// Leaves the parameters out of weight decay for which `isExcluded` is true, those that the optimizer has yet to
    /// see included.
    public final func excludeFromWeightDecay(where isExcluded: @escaping (Parameter) -> Bool) {
        if isComposed { return parts.forEach { $0.excludeFromWeightDecay(where: isExcluded) } }
        weightDecayExclusions.append(isExcluded)
        for state in states.values {
            guard let parameter = state.parameter, isExcluded(parameter) else { continue }
            state.isExcludedFromWeightDecay = true
        }
    }

    /// Whether weight decay leaves this parameter as it is.
    public final func isExcludedFromWeightDecay(_ parameter: Parameter) -> Bool {
        knownState(of: parameter)?.isExcludedFromWeightDecay
            ?? part(for: parameter).weightDecayExclusions.contains { $0(parameter) }
    }
}
