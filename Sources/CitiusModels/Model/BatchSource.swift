import CitiusData
import CitiusTensor

/// Where a run's batches come from: a data set, made anew for each epoch, or a sequence of the user's.
struct BatchSource {
    /// Batches an epoch, if known before.
    let steps: Int?
    /// Whether each batch must be checked, since the whole could not be.
    let checksBatches: Bool
    let batches: (inout RandomGenerator) -> AnyIterator<Batch>

    init(_ data: Dataset, batchSize: Int, shuffles: Bool, checksBatches: Bool = false) {
        steps = (data.count + batchSize - 1) / batchSize
        self.checksBatches = checksBatches
        batches = { generator in
            let shuffler = shuffles ? generator.split() : nil
            return AnyIterator(data.batches(of: batchSize, shuffledBy: shuffler).makeIterator())
        }
    }

    init<S: Sequence>(_ sequence: S) where S.Element == Batch {
        steps = (sequence as? Batches)?.count
        checksBatches = true
        batches = { _ in AnyIterator(sequence.makeIterator()) }
    }
}
