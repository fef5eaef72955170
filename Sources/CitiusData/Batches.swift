import CitiusPlatform
import CitiusTensor

extension Dataset {
    /// The samples in batches of `size`; the last batch has what is left, so a batch larger than the data
    /// gives one batch, and an empty data set gives none.
    ///
    /// Batches are made as they are asked for, each in one pass from the stored inputs; where these are bytes, idle
    /// threads begin with the next one meanwhile. Iterating twice gives
    /// the same batches in the same order; shuffle anew for the next epoch. Traps if `size` is below 1.
    ///
    /// - Parameter generator: gives the samples a random order; nil keeps theirs.
    public func batches(of size: Int, shuffledBy generator: RandomGenerator? = nil) -> Batches {
        require(size >= 1, "batches: size is \(size), expected at least 1")
        guard var generator else { return Batches(self, size: size) }
        return Batches(with(order: shuffledOrder(using: &generator)), size: size)
    }
}

/// The batches of a data set, made one by one as they are iterated.
public struct Batches: Sequence, Sendable {
    /// The number of batches.
    public let count: Int
    /// The number of samples.
    public let sampleCount: Int

    private let dataset: Dataset
    private let size: Int
    /// One for each input.
    private let preparations: [InputPreparation]
    private var transforms: [@Sendable (Batch) -> Batch] = []
    private var prefetchCount = 0

    init(_ dataset: Dataset, size: Int) {
        self.dataset = dataset
        self.size = size
        sampleCount = dataset.count
        count = sampleCount / size + (sampleCount % size == 0 ? 0 : 1)
        preparations = zip(dataset.heldInputs, dataset.scales).map { InputPreparation($0, scale: $1) }
    }

    /// The batches as `transform` changes them, one at a time as they are iterated: augmentation, noise.
    ///
    /// Runs where the batches are made: on the background thread if they are prefetched.
    public func map(_ transform: @escaping @Sendable (Batch) -> Batch) -> Batches {
        var batches = self
        batches.transforms.append(transform)
        return batches
    }

    /// The same batches, up to `count` of them made ahead by a thread of their own while the caller works.
    ///
    /// The thread ends with the last batch, or when the iterator is dropped before. Traps if `count` is
    /// below 1.
    public func prefetched(_ count: Int = 2) -> Batches {
        require(count >= 1, "prefetched: count is \(count), expected at least 1")
        var batches = self
        batches.prefetchCount = count
        return batches
    }

    public var underestimatedCount: Int { count }

    public func makeIterator() -> Iterator { Iterator(self) }

    /// The batches from one on; those before are not made.
    package func iterator(startingAt position: Int) -> Iterator { Iterator(self, startingAt: position) }

    /// Makes the batches in turn, or takes them from the thread that does.
    public struct Iterator: IteratorProtocol {
        private let batches: Batches
        private let prefetcher: Prefetcher<Batch>?
        private var position: Int
        /// The next batch's inputs, which idle threads prepare while the caller works on the last one.
        private var pending: [PendingInputs?] = []

        init(_ batches: Batches, startingAt start: Int = 0) {
            self.batches = batches
            position = start
            guard batches.prefetchCount > 0, batches.count > start else {
                prefetcher = nil
                return
            }
            prefetcher = Prefetcher(count: batches.count - start, ahead: batches.prefetchCount) { index in
                // The caller's training loop wants the pool at the same time.
                batches.batch(at: start + index, usesPool: false)
            }
        }

        public mutating func next() -> Batch? {
            if let prefetcher { return prefetcher.next() }
            guard position < batches.count else { return nil }
            let batch = batches.batch(at: position, pending, usesPool: true)
            position += 1
            pending = batches.beginInputs(at: position)
            return batch
        }
    }

    private func samples(at index: Int) -> Range<Int> {
        index * size..<Swift.min((index + 1) * size, sampleCount)
    }

    private func beginInputs(at index: Int) -> [PendingInputs?] {
        guard index < count, let order = dataset.order else { return [] }
        return zip(preparations, dataset.heldInputs).map { $0.begin($1, order[samples(at: index)]) }
    }

    /// - Parameter pending: the batch's inputs if they were begun before.
    private func batch(at index: Int, _ pending: [PendingInputs?] = [], usesPool: Bool) -> Batch {
        let range = samples(at: index)
        let batch: Batch
        if let order = dataset.order {
            batch = order.withUnsafeBufferPointer { order in
                let rows = UnsafeBufferPointer(rebasing: order[range])
                return Batch(
                    inputs: preparations.indices.map { input in
                        (input < pending.count ? pending[input] : nil)?.finished()
                            ?? preparations[input].prepared(
                                dataset.heldInputs[input], rows, usesPool: usesPool)
                    },
                    targets: dataset.heldTargets.map { $0.gatheringRows(rows, usesPool: usesPool) },
                    sampleWeights: dataset.heldWeights?.gatheringRows(rows, usesPool: usesPool))
            }
        } else {
            batch = Batch(
                inputs: zip(preparations, dataset.heldInputs).map {
                    $0.prepared($1.rowsView(range), usesPool: usesPool)
                },
                targets: dataset.heldTargets.map { $0.rowsView(range) },
                sampleWeights: dataset.heldWeights?.rowsView(range))
        }
        return transforms.reduce(batch) { $1($0) }
    }
}
