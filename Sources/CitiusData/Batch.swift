import CitiusPlatform
import CitiusTensor

/// Some samples, as a training step takes them.
public struct Batch: Sendable {
    /// Each input, in the order of the model's: [batch, …]; scaled floats, where the data set holds bytes or has a
    /// scale.
    public var allInputs: [Tensor]
    /// Each target, in the order of the model's outputs: [batch, …].
    public var allTargets: [Tensor]
    /// [batch]: how much each sample's loss counts, or [batch, steps] for each step of sequences; nil means equally.
    public var sampleWeights: Tensor?
    /// Where each sample stands in the data that is trained on; nil where nobody asked. `fit` knows it for its techniques.
    public var indices: [Int]?

    /// The input; of several, the first.
    public var inputs: Tensor {
        get { allInputs[0] }
        set { allInputs[0] = newValue }
    }

    /// The target; of several, the first.
    public var targets: Tensor {
        get { allTargets[0] }
        set { allTargets[0] = newValue }
    }

    /// The number of samples.
    public var count: Int { allInputs[0].shape[0] }

    /// Traps if the parts have different numbers of samples.
    public init(inputs: Tensor, targets: Tensor, sampleWeights: Tensor? = nil) {
        self.init(inputs: [inputs], targets: [targets], sampleWeights: sampleWeights)
    }

    /// A batch of several inputs or targets. Traps if there are no inputs or no targets, or if the parts have
    /// different numbers of samples.
    public init(inputs: [Tensor], targets: [Tensor], sampleWeights: Tensor? = nil) {
        checkSampleCounts("Batch", inputs, targets, sampleWeights)
        allInputs = inputs
        allTargets = targets
        self.sampleWeights = sampleWeights
    }
}

extension Batch {
    /// Some of the samples, in the order of the list; one may come twice. Traps if a row is outside the batch.
    public func subset(_ rows: [Int]) -> Batch {
        for row in rows {
            require(
                row >= 0 && row < count, "subset: row \(row) is outside the batch of \(count) samples")
        }
        func gathered(_ tensor: Tensor) -> Tensor {
            rows.withUnsafeBufferPointer { tensor.gatheringRows($0, usesPool: true) }
        }
        var subset = Batch(
            inputs: allInputs.map(gathered), targets: allTargets.map(gathered),
            sampleWeights: sampleWeights.map(gathered))
        subset.indices = indices.map { indices in rows.map { indices[$0] } }
        return subset
    }
}

/// Traps unless every part has an axis of samples, of one length.
func checkSampleCounts(_ type: String, _ inputs: [Tensor], _ targets: [Tensor], _ weights: Tensor?) {
    require(
        !inputs.isEmpty && !targets.isEmpty,
        "\(type): \(inputs.count) inputs and \(targets.count) targets, expected at least one of each")
    for tensor in inputs + targets {
        require(
            tensor.rank >= 1,
            "\(type): inputs and targets must have a first axis of samples; one is a scalar")
    }
    let count = inputs[0].shape[0]
    for input in inputs {
        require(
            input.shape[0] == count,
            "\(type): inputs of \(count) and of \(input.shape[0]) samples, expected as many of each")
    }
    for target in targets {
        require(
            target.shape[0] == count,
            "\(type): \(count) inputs and \(target.shape[0]) targets, expected one target per input")
    }
    if let weights {
        require(
            weights.rank >= 1 && weights.shape[0] == count,
            "\(type): sample weights have shape \(weights.shape), expected [\(count)], or [\(count), steps]")
    }
}
