import CitiusData
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Takes steps on the samples that the model gets wrong: each sample passes forward, and is trained on with a probability
/// that grows with its loss (Jiang et al. 2019, arXiv 1910.00762).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 10, techniques: [.selectiveBackprop(power: 1, during: 0.1..<0.9)])
/// ```
///
/// The probability is the fraction of the last losses that are smaller, to the power β: with β = 1 half of the samples
/// are taken, with 2 a third. Chosen samples are gathered until they fill a batch; the batches in between are no steps.
public final class SelectiveBackprop: Technique {
    public let power: Double
    public let history: Int
    public let span: Range<Double>
    public let claims: Set<TechniqueClaim> = [.batchSelection]
    public let stage = TechniqueStage.data

    /// The last losses, the oldest at `position`.
    private var losses: [Float] = []
    private var position = 0
    /// Chosen samples that do not fill a batch yet.
    private var pending: Batch?

    /// - Parameters:
    ///   - power: β, of at least 0; 0 takes every sample.
    ///   - history: how many losses a new one is compared with.
    ///   - span: the part of the training; before and after it each batch is a step. The first steps, of a model that
    ///     knows nothing, are better left whole.
    ///
    /// Traps if a number is out of range.
    public init(power: Double = 1, history: Int = 1_024, during span: Range<Double> = 0.1..<0.9) {
        require(
            power >= 0 && power.isFinite && history >= 1,
            "SelectiveBackprop: power \(power) and history \(history), expected at least 0 and at least 1")
        self.power = power
        self.history = history
        self.span = span
    }

    public func begin(_ training: Training) { (losses, position, pending) = ([], 0, nil) }

    public func transform(_ batch: inout Batch, in training: Training) {
        let size = batch.count
        let own = training.losses(of: batch).elements(as: Float.self)
        for loss in own { remember(loss) }
        let sorted = losses.sorted()
        let chosen = own.indices.filter { row in
            let smaller = Double(sorted.countBelow(own[row])) / Double(max(1, sorted.count - 1))
            return training.generator.uniform() < pow(min(1, smaller), power)
        }
        let waiting = pending.map { $0.appending(batch.subset(chosen)) } ?? batch.subset(chosen)
        // The last batch of a pass may be short: it fills no sooner than the others.
        let wanted = min(max(size, training.batchSize), training.data.count)
        guard waiting.count >= wanted else {
            pending = waiting
            batch = batch.subset([])
            return
        }
        batch = waiting.subset(Array(0..<wanted))
        pending = waiting.count > wanted ? waiting.subset(Array(wanted..<waiting.count)) : nil
    }

    private func remember(_ loss: Float) {
        if losses.count < history { return losses.append(loss) }
        losses[position] = loss
        position = (position + 1) % history
    }

    public var state: [String: Tensor] {
        var state = ["losses": Tensor(losses), "position": Tensor(Int64(position))]
        guard let pending else { return state }
        for (index, tensor) in pending.allInputs.enumerated() { state["inputs/\(index)"] = tensor }
        for (index, tensor) in pending.allTargets.enumerated() { state["targets/\(index)"] = tensor }
        state["weights"] = pending.sampleWeights
        state["indices"] = pending.indices.map { Tensor($0.map(Int64.init)) }
        return state
    }

    public func restore(_ state: [String: Tensor], in training: Training) throws {
        losses = try state.saved("losses", .float32).elements(as: Float.self)
        position = try state.savedCount("position")
        guard losses.count <= history, position < max(1, losses.count) else {
            throw TechniqueError(
                "there are \(losses.count) losses in the backup, expected at most \(history)")
        }
        guard let first = state["inputs/0"], let sample = training.data.batched(1).first(where: { _ in true })
        else { return }
        let count = first.shape.sizes.first ?? 0
        /// So many samples like those of the data.
        func saved(_ name: String, like tensors: [Tensor]) throws(TechniqueError) -> [Tensor] {
            var samples: [Tensor] = []
            for (index, tensor) in tensors.enumerated() {
                samples.append(
                    try state.saved(
                        "\(name)/\(index)", tensor.dtype, tensor.shape.droppingFirst().prepending(count)))
            }
            return samples
        }
        let weights = state["weights"]
        guard weights.map({ $0.dtype.isFloatingPoint && $0.shape.sizes.first == count }) ?? true else {
            throw TechniqueError("the weights in the backup are not those of \(count) samples")
        }
        var batch = Batch(
            inputs: try saved("inputs", like: sample.allInputs),
            targets: try saved("targets", like: sample.allTargets),
            sampleWeights: weights)
        if state["indices"] != nil {
            let indices = try state.saved("indices", .int64, [batch.count]).elements(as: Int64.self).map {
                Int($0)
            }
            guard indices.allSatisfy({ 0..<training.data.count ~= $0 }) else {
                throw TechniqueError("the samples in the backup are of other data")
            }
            batch.indices = indices
        }
        pending = batch
    }

}

extension [Float] {
    /// How many of the sorted numbers are below one.
    fileprivate func countBelow(_ number: Float) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < number { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension Batch {
    /// The samples of two batches in one.
    func appending(_ other: Batch) -> Batch {
        func joined(_ a: Tensor, _ b: Tensor) -> Tensor { Tensor.concatenate([a, b]) }
        let weights: Tensor? =
            if let own = sampleWeights, let others = other.sampleWeights { joined(own, others) } else { nil }
        var batch = Batch(
            inputs: zip(allInputs, other.allInputs).map(joined),
            targets: zip(allTargets, other.allTargets).map(joined), sampleWeights: weights)
        if let own = indices, let others = other.indices { batch.indices = own + others }
        return batch
    }
}

extension Technique where Self == SelectiveBackprop {
    /// Takes steps on the samples that the model gets wrong; see `SelectiveBackprop`.
    public static func selectiveBackprop(
        power: Double = 1, history: Int = 1_024, during span: Range<Double> = 0.1..<0.9
    ) -> SelectiveBackprop { SelectiveBackprop(power: power, history: history, during: span) }
}
