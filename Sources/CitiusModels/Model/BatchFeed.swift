import CitiusAutograd
import CitiusData
import CitiusTensor

/// Where a run's batches come from: batches by recipe, of which each pass may have an order of its own, or a sequence of
/// the user's.
struct BatchSource {
    typealias Iterator = () throws(DataError) -> Batch?

    /// Batches a pass, if known before.
    let steps: Int?
    /// Whether each batch must be checked, since the whole could not be.
    let checksBatches: Bool
    /// The batches of a pass from one on.
    let batches: (_ pass: Int, _ random: RandomStream, _ start: Int) -> Iterator
    /// Where techniques choose the samples, how many batches the running pass has.
    var stepsOfPass: (() -> Int)?
}

extension BatchSource {
    /// Data that are checked as a whole.
    init(_ data: Dataset, batchSize: Int, shuffles: Bool) {
        let batches = data.batched(batchSize)
        self.init(shuffles ? batches.shuffled() : batches, checksBatches: false)
    }

    init(_ recipe: Batches, checksBatches: Bool = true) {
        self.init(steps: recipe.count, checksBatches: checksBatches) { pass, random, start in
            var iterator =
                recipe.needsRandomness
                ? recipe.pass(pass, random.generator.split(), start)
                : recipe.pass(pass, startingAt: start)
            return { () throws(DataError) in try iterator.nextBatch() }
        }
    }

    /// Passes whose samples techniques choose.
    init(_ techniques: TechniqueRun) {
        self.init(
            steps: techniques.steps, checksBatches: false,
            batches: { _, random, start in techniques.batches(random, from: start) },
            stepsOfPass: { techniques.steps })
    }

    init<S: Sequence>(_ sequence: S) where S.Element == Batch {
        if let recipe = sequence as? Batches {
            self.init(recipe)
            return
        }
        self.init(steps: nil, checksBatches: true) { _, _, start in
            var iterator = sequence.makeIterator()
            for _ in 0..<start where iterator.next() == nil { break }
            return { iterator.next() }
        }
    }
}

/// The batches of a training, pass after pass.
final class BatchFeed {
    let source: BatchSource
    private let random: RandomStream
    private var iterator: BatchSource.Iterator?
    private var start: RandomGenerator
    private var taken = 0
    /// The number of the running pass, or of the next one between two.
    private var pass: Int
    /// How many passes were begun.
    private(set) var passes = 0

    /// - Parameter pass: the number of the first pass.
    init(_ source: BatchSource, random: RandomStream, pass: Int) {
        self.source = source
        self.random = random
        self.pass = pass
        start = random.generator
    }

    /// The running pass, the random numbers that it began with, and how many of its batches are drawn; between two
    /// passes, those that the next one would begin with.
    var position: (pass: Int, start: RandomGenerator, drawn: Int) {
        iterator == nil ? (pass, random.generator, 0) : (pass, start, taken)
    }

    /// Continues within a pass that began with these random numbers.
    func resume(pass: Int, start: RandomGenerator, drawn: Int) {
        self.pass = pass
        guard drawn > 0 else { return }
        random.generator = start
        beginPass(at: drawn)
    }

    /// Begins a pass unless one is running.
    ///
    /// - Returns: how many batches it has, where techniques choose them.
    func begunPass() -> Int? {
        guard let steps = source.stepsOfPass else { return nil }
        if iterator == nil { beginPass() }
        return steps()
    }

    private func beginPass(at first: Int = 0) {
        start = random.generator
        taken = first
        passes += 1
        iterator = source.batches(pass, random, first)
    }

    /// The next batch; nil once at the end of each pass.
    ///
    /// - Parameter operation: what an error names.
    func next(for operation: String) throws(TrainingError) -> Batch? {
        if iterator == nil { beginPass() }
        let batch: Batch?
        do throws(DataError) {
            batch = try iterator?()
        } catch {
            throw TrainingError(error, operation)
        }
        guard let batch else {
            endPass()
            return nil
        }
        taken += 1
        return batch
    }

    /// The running pass is over.
    func endPass() {
        iterator = nil
        pass += 1
    }
}

extension TrainingError {
    /// Data that failed while they were read.
    init(_ error: DataError, _ operation: String) {
        self.init(.unreadableData, "\(operation): \(error.message)")
    }
}
