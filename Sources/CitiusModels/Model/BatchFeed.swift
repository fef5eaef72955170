import CitiusAutograd
import CitiusData
import CitiusTensor

/// Where a run's batches come from: a data set, shuffled anew for each pass, or a sequence of the user's.
struct BatchSource {
    /// Batches a pass, if known before.
    let steps: Int?
    /// Whether each batch must be checked, since the whole could not be.
    let checksBatches: Bool
    /// The batches of a pass from one on.
    let batches: (_ random: RandomStream?, _ start: Int) -> AnyIterator<Batch>

    init(_ data: Dataset, batchSize: Int, shuffles: Bool) {
        // Larger than the data is as large as the data.
        let size = min(batchSize, max(1, data.count))
        steps = (data.count + size - 1) / size
        checksBatches = false
        batches = { random, start in
            let shuffler = shuffles ? random?.generator.split() : nil
            return AnyIterator(data.batches(of: size, shuffledBy: shuffler).iterator(startingAt: start))
        }
    }

    init<S: Sequence>(_ sequence: S) where S.Element == Batch {
        steps = (sequence as? Batches)?.count
        checksBatches = true
        batches = { _, start in
            var iterator = sequence.makeIterator()
            for _ in 0..<start where iterator.next() == nil { break }
            return AnyIterator(iterator)
        }
    }
}

/// The batches of a training, pass after pass.
final class BatchFeed {
    let source: BatchSource
    private let random: RandomStream
    private var iterator: AnyIterator<Batch>?
    private var start: RandomGenerator
    private var taken = 0
    /// How many passes were begun.
    private(set) var passes = 0

    init(_ source: BatchSource, random: RandomStream) {
        self.source = source
        self.random = random
        start = random.generator
    }

    /// The random numbers that the running pass began with, and how many of its batches are drawn; between two passes,
    /// those that the next one would begin with.
    var position: (passStart: RandomGenerator, drawn: Int) {
        iterator == nil ? (random.generator, 0) : (start, taken)
    }

    /// Continues within a pass that began with these random numbers.
    func resume(passStart: RandomGenerator, drawn: Int) {
        guard drawn > 0 else { return }
        random.generator = passStart
        beginPass(at: drawn)
    }

    private func beginPass(at first: Int = 0) {
        start = random.generator
        taken = first
        passes += 1
        iterator = source.batches(random, first)
    }

    /// The next batch; nil once at the end of each pass.
    func next() -> Batch? {
        if iterator == nil { beginPass() }
        guard let batch = iterator?.next() else {
            iterator = nil
            return nil
        }
        taken += 1
        return batch
    }
}
