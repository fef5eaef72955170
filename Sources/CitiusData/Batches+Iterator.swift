import CitiusPlatform
import CitiusTensor

extension Batches {
    /// Makes the batches of a pass in turn, or takes them from the threads that do.
    public struct Iterator: IteratorProtocol, Sequence {
        private let batches: Batches
        private let maker: any BatchMaker
        private let generator: RandomGenerator
        /// The batch to come.
        private var position: Int
        private let prefetcher: Prefetcher<Batch>?
        /// The next batch's inputs, which idle threads prepare while the caller works on the last one.
        private var pending: [PendingInputs?] = []
        private var isAtEnd = false

        init(_ batches: Batches, _ generator: RandomGenerator, startingAt start: Int) {
            self.batches = batches
            self.generator = generator
            position = start
            let maker = batches.maker(generator, startingAt: start)
            self.maker = maker
            guard batches.threads > 0 else {
                prefetcher = nil
                return
            }
            var claimed = start
            prefetcher = Prefetcher(threads: batches.threads, ahead: batches.ahead) {
                () throws(DataError) -> (@Sendable () throws(DataError) -> Batch)? in
                // The caller's training loop wants the pool at the same time.
                guard let make = try maker.claim(claimed, usesPool: false) else { return nil }
                let index = claimed
                claimed += 1
                return { () throws(DataError) in try batches.transformed(make([]), index, generator) }
            }
        }

        /// The next batch; nil after the last.
        ///
        /// Traps if the data cannot be read on, which no data in memory do: a program that wants to go on then asks for
        /// ``nextBatch()``, as `fit`, `evaluate` and `predict` do.
        public mutating func next() -> Batch? {
            do throws(DataError) {
                return try nextBatch()
            } catch {
                fail("Batches: \(error.message) (Iterate by nextBatch() to catch this.)")
            }
        }

        /// The next batch; nil after the last, and after an error.
        ///
        /// - Throws: what the source of the samples, or a transform, throws.
        public mutating func nextBatch() throws(DataError) -> Batch? {
            guard !isAtEnd else { return nil }
            do throws(DataError) {
                if let batch = try madeBatch() { return batch }
            } catch {
                isAtEnd = true
                throw error
            }
            isAtEnd = true
            return nil
        }

        private mutating func madeBatch() throws(DataError) -> Batch? {
            if let prefetcher { return try prefetcher.next() }
            guard let make = try maker.claim(position, usesPool: true) else { return nil }
            let batch = try batches.transformed(make(pending), position, generator)
            position += 1
            pending = maker.begin(position)
            return batch
        }
    }

    /// Batch `index` of a pass, changed by the transforms.
    fileprivate func transformed(
        _ batch: Batch, _ index: Int, _ generator: RandomGenerator
    ) throws(DataError) -> Batch {
        guard !transforms.isEmpty else { return batch }
        var own = ownGenerator(of: index, generator)
        var batch = batch
        for transform in transforms { batch = try transform(batch, own.split()) }
        return batch
    }

    /// The random numbers of one batch.
    ///
    /// - Parameter purpose: 0 for transforms, 1 for the samples themselves.
    fileprivate func ownGenerator(
        of index: Int, _ generator: RandomGenerator, purpose: UInt64 = 0
    ) -> RandomGenerator {
        // Far from the numbers that the order takes, and another one for each batch of each part.
        var seeds = generator
        seeds.counter =
            1 << 63 | purpose << 62 | UInt64(truncatingIfNeeded: index &* shard.count &+ shard.index)
        return seeds.split()
    }

    /// What makes a pass's batches.
    fileprivate func maker(_ generator: RandomGenerator, startingAt first: Int) -> any BatchMaker {
        switch supply {
        case .stream(let stream): StreamMaker(self, stream, generator, startingAt: first)
        case .samples(let source):
            if let dataset = source as? Dataset {
                DatasetMaker(self, dataset, order: places(dataset.count, generator))
            } else {
                SourceMaker(self, source, order: places(source.count, generator), generator)
            }
        }
    }

    /// The pass's samples, by number; nil: all, in order.
    private func places(_ samples: Int, _ generator: RandomGenerator) -> [Int]? {
        var (generator, places): (RandomGenerator, [Int]?) = (generator, nil)
        switch order {
        case .asStored: break
        case .shuffled: places = shuffledNumbers(samples, using: &generator)
        case .sampled(let choice, let count): places = (0..<count).map { _ in choice.draw(using: &generator) }
        }
        guard shard.count > 1 else { return places }
        let own = stride(from: shard.index, to: places?.count ?? samples, by: shard.count)
        return own.map { places?[$0] ?? $0 }
    }
}

/// Makes the batches of one pass.
private protocol BatchMaker: Sendable {
    /// The making of batch `index`, or nil if there is none. Asked for in order, by one thread at a time; what it gives
    /// may run on any. It is given the inputs that were begun before.
    func claim(
        _ index: Int, usesPool: Bool
    ) throws(DataError) -> (@Sendable (_ pending: [PendingInputs?]) throws(DataError) -> Batch)?
    /// Begins with the inputs of a batch, in idle moments of the pool.
    func begin(_ index: Int) -> [PendingInputs?]
}

extension BatchMaker {
    func begin(_ index: Int) -> [PendingInputs?] { [] }
}

/// Of tensors: in one pass from what is stored.
private struct DatasetMaker: BatchMaker {
    private let data: Dataset
    private let size: Int
    private let count: Int
    /// One for each input.
    private let preparations: [InputPreparation]

    init(_ batches: Batches, _ dataset: Dataset, order: [Int]?) {
        data = order.map { order in dataset.with(order: dataset.rows(at: order)) } ?? dataset
        // Larger than the data is as large as the data.
        size = min(batches.size, max(1, data.count))
        count = batches.count ?? 0
        preparations = dataset.preparations
    }

    private func samples(_ index: Int) -> Range<Int> {
        index * size..<min((index + 1) * size, data.count)
    }

    func begin(_ index: Int) -> [PendingInputs?] {
        guard index < count, let order = data.order else { return [] }
        return zip(preparations, data.heldInputs).map { $0.begin($1, order[samples(index)]) }
    }

    func claim(_ index: Int, usesPool: Bool) -> (@Sendable ([PendingInputs?]) throws(DataError) -> Batch)? {
        guard index < count else { return nil }
        return { pending in data.batch(samples(index), preparations, pending, usesPool: usesPool) }
    }
}

/// Of samples that are made when they are asked for.
private struct SourceMaker: BatchMaker {
    private let batches: Batches
    private let source: any SampleSource
    private let order: [Int]?
    private let generator: RandomGenerator
    private let size: Int
    private let count: Int
    private let sampleCount: Int

    init(_ batches: Batches, _ source: any SampleSource, order: [Int]?, _ generator: RandomGenerator) {
        self.batches = batches
        self.source = source
        self.order = order
        self.generator = generator
        sampleCount = order?.count ?? source.count
        size = min(batches.size, max(1, sampleCount))
        count = batches.count ?? 0
    }

    func claim(_ index: Int, usesPool: Bool) -> (@Sendable ([PendingInputs?]) throws(DataError) -> Batch)? {
        guard index < count else { return nil }
        let range = index * size..<min((index + 1) * size, sampleCount)
        return { _ throws(DataError) in
            let samples = order?[range] ?? Array(range)[...]
            if let source = source as? any PooledSampleSource {
                return try source.batch(
                    of: samples, using: batches.ownGenerator(of: index, generator, purpose: 1),
                    usesPool: usesPool)
            }
            let batch = try source.batch(of: samples)
            require(
                batch.count == samples.count,
                "\(type(of: source)).batch(of:) gave \(batch.count) samples, expected \(samples.count)")
            return batch
        }
    }
}

/// Of a stream: rows are put together in turn, and prepared by whoever makes the batch.
private final class StreamMaker: BatchMaker, @unchecked Sendable {
    // Only `claim` uses these, on one thread at a time.
    private let batches: Batches
    private let stream: any SampleStream
    private let generator: RandomGenerator
    private var rows: StreamedRows?
    private let first: Int

    init(
        _ batches: Batches, _ stream: any SampleStream, _ generator: RandomGenerator, startingAt first: Int
    ) {
        self.batches = batches
        self.stream = stream
        self.generator = generator
        self.first = first
    }

    func claim(
        _ index: Int, usesPool: Bool
    ) throws(DataError) -> (@Sendable ([PendingInputs?]) throws(DataError) -> Batch)? {
        if let count = batches.count, index >= count { return nil }
        if rows == nil {
            let rows = StreamedRows(
                try stream.makeReader(), batches.order, batches.shard, generator, batchSize: batches.size)
            for _ in 0..<first where try rows.next() == nil { break }
            self.rows = rows
        }
        guard let samples = try rows?.next(), !batches.isDropped(samples.count) else { return nil }
        return { _ in samples.batch(0..<samples.count, samples.preparations, [], usesPool: usesPool) }
    }
}
