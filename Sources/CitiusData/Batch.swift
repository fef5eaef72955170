import CitiusPlatform
import CitiusTensor

/// Some samples, as a training step takes them.
public struct Batch: Sendable {
    /// [batch, …]: scaled floats, where the data set holds bytes or has a scale.
    public var inputs: Tensor
    /// [batch, …]
    public var targets: Tensor
    /// [batch]: how much each sample's loss counts; nil means equally.
    public var sampleWeights: Tensor?

    /// The number of samples.
    public var count: Int { inputs.shape[0] }

    /// Traps if the parts have different numbers of samples.
    public init(inputs: Tensor, targets: Tensor, sampleWeights: Tensor? = nil) {
        checkSampleCounts("Batch", inputs, targets, sampleWeights)
        self.inputs = inputs
        self.targets = targets
        self.sampleWeights = sampleWeights
    }
}

/// Traps unless every part has an axis of samples, of one length.
func checkSampleCounts(_ type: String, _ inputs: Tensor, _ targets: Tensor, _ weights: Tensor?) {
    require(
        inputs.rank >= 1 && targets.rank >= 1,
        "\(type): inputs \(inputs.shape) and targets \(targets.shape) must have a first axis of samples")
    require(
        inputs.shape[0] == targets.shape[0],
        "\(type): \(inputs.shape[0]) inputs and \(targets.shape[0]) targets, expected one target per input")
    if let weights {
        require(
            weights.shape == [inputs.shape[0]],
            "\(type): sample weights have shape \(weights.shape), expected [\(inputs.shape[0])]")
    }
}
