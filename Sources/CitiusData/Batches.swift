import CitiusPlatform
import CitiusTensor

/// How samples become batches: a recipe, followed as it is iterated, by `for` or by `fit`, `evaluate` and `predict`.
///
/// ```swift
/// let batches = train.batched(32)                      // of a Dataset, a SampleSource, a SampleStream
///     .shuffled(seed: 1)                               // each pass in an order of its own
///     .mapped(parallel: 2) { batch, random in … }      // augmentation, on two threads
///     .prefetched(4)                                   // made ahead
/// ```
///
/// The same seed gives the same batches, in the same order, on any number of threads; a pass can begin at any of its
/// batches. Over data in memory or in mapped files each batch is made in one pass from what is stored; where that is
/// bytes, idle threads begin with the next one while the caller works on the last.
public struct Batches: Sequence, Sendable {
    /// Where samples come from.
    enum Supply: Sendable {
        case samples(any SampleSource)
        case stream(any SampleStream)
    }

    /// The order of a pass.
    enum Order: Sendable {
        case asStored
        /// - Parameter buffer: how many of a stream's samples one is chosen from.
        case shuffled(buffer: Int)
        /// With replacement.
        case sampled(WeightedChoice, count: Int)
    }

    typealias Transform = @Sendable (Batch, RandomGenerator) throws(DataError) -> Batch

    /// Which of the processes that share the samples this one is.
    struct Shard: Sendable {
        var index = 0
        var count = 1

        /// How many of so many samples are this one's.
        func share(of samples: Int) -> Int { (samples + count - 1 - index) / count }
    }

    let supply: Supply
    let size: Int
    private let dropsRemainder: Bool
    private(set) var order = Order.asStored
    private(set) var shard = Shard()
    private(set) var transforms: [Transform] = []
    /// Whether a transform draws random numbers.
    private var hasRandomTransforms = false
    private var seed: UInt64?
    /// The threads that make batches ahead; 0 means that the caller makes them.
    private(set) var threads = 0
    private var prefetchCount = 0

    init(_ supply: Supply, size: Int, _ dropsRemainder: Bool) {
        require(size >= 1, "batched: the size is \(size), expected at least 1")
        self.supply = supply
        self.size = size
        self.dropsRemainder = dropsRemainder
    }

    // MARK: Composition

    /// Each pass in an order of its own.
    ///
    /// Samples with numbers (a ``Dataset``, a ``SampleSource``) are shuffled as a whole, every order as likely. Of a
    /// stream, each sample is chosen out of the next `buffer`, which are held in memory: a stream whose classes come one
    /// after another needs a buffer larger than a class.
    ///
    /// - Parameters:
    ///   - seed: of all that is random in these batches. Without one, `fit` draws it from the model's random numbers,
    ///     anew for each pass, and who iterates by hand gets another order each time.
    ///   - buffer: for streams. Traps if it is below 1.
    public func shuffled(seed: UInt64? = nil, buffer: Int = 10_000) -> Batches {
        require(buffer >= 1, "shuffled: buffer is \(buffer), expected at least 1")
        return with(seed) { $0.order = .shuffled(buffer: buffer) }
    }

    /// Each pass draws samples with replacement, each as likely as its weight says: classes of few samples come as often
    /// as others, say.
    ///
    /// ```swift
    /// train.batched(32).sampled(by: train.balancedSampleWeights())
    /// ```
    ///
    /// Traps for streams, if there is not one weight for each sample, none is positive, or one is negative or not finite.
    ///
    /// - Parameters:
    ///   - weights: in any unit: twice the weight, twice as often.
    ///   - count: how many make a pass; nil: as many as there are.
    ///   - seed: as of ``shuffled(seed:buffer:)``.
    public func sampled(by weights: [Double], count: Int? = nil, seed: UInt64? = nil) -> Batches {
        guard case .samples(let source) = supply else {
            fail("sampled: the samples of a stream come in their order; sample from a Dataset")
        }
        require(
            weights.count == source.count,
            "sampled: there are \(weights.count) weights, expected one for each of \(source.count) samples")
        let count = count ?? source.count
        require(count >= 0, "sampled: count is \(count), expected at least 0")
        return with(seed) {
            $0.order = .sampled(WeightedChoice(weights), count: count)
        }
    }

    /// The part of each pass that is one process's of several: each sample is exactly one's.
    ///
    /// Process `index` has every `count`-th sample of the pass's order, from sample `index` on. Of samples with numbers,
    /// batch i of all processes together are the samples of batch i of one process with `count` times the batch size;
    /// with the same seed in all, therefore, their mean gradient is that of the large batch. A stream is divided before
    /// it is shuffled. Parts differ by one sample at most, and by one batch where fewer samples are left than processes;
    /// with `dropRemainder` all have as many batches, if the number of samples is known.
    ///
    /// Traps unless `index` is within 0..<count.
    public func sharded(_ index: Int, of count: Int) -> Batches {
        require(
            count >= 1 && index >= 0 && index < count,
            "sharded: the part is \(index) of \(count), expected one of 0..<\(count)")
        var batches = self
        batches.shard = Shard(index: index, count: count)
        return batches
    }

    /// The batches as `transform` changes them.
    ///
    /// - Parameters:
    ///   - threads: how many make batches at once, beside the caller's. 1 leaves the work where it is made anyway: on the
    ///     caller's thread, or ahead on one of its own if they are ``prefetched(_:threads:)``. Traps if it is below 1.
    ///   - transform: called on several threads at once if there are several. An error ends the iteration.
    public func mapped(
        parallel threads: Int = 1, _ transform: @escaping @Sendable (Batch) throws(DataError) -> Batch
    ) -> Batches {
        adding(threads) { batch, _ throws(DataError) in try transform(batch) }
    }

    /// The batches as `transform` changes them at random, by a generator of the batch's own: what it draws follows from
    /// the seed, the pass and the number of the batch alone, whichever thread makes it.
    ///
    /// - Parameters:
    ///   - threads: as of ``mapped(parallel:_:)``.
    ///   - seed: as of ``shuffled(seed:buffer:)``.
    public func mapped(
        parallel threads: Int = 1, seed: UInt64? = nil,
        _ transform: @escaping @Sendable (Batch, inout RandomGenerator) throws(DataError) -> Batch
    ) -> Batches {
        var batches = adding(threads) { batch, generator throws(DataError) in
            var generator = generator
            return try transform(batch, &generator)
        }
        batches.hasRandomTransforms = true
        return batches.with(seed) { _ in }
    }

    /// The same batches, up to `count` of them made ahead by threads of their own while the caller works: one, or as
    /// many as ``mapped(parallel:_:)`` says.
    ///
    /// The threads end with the last batch, or when the iterator is dropped before. Traps if `count` or `threads` is
    /// below 1.
    ///
    /// - Parameter threads: how many make batches at once: for sources whose samples take long to make, images to decode,
    ///   say.
    public func prefetched(_ count: Int = 2, threads: Int = 1) -> Batches {
        require(count >= 1, "prefetched: count is \(count), expected at least 1")
        require(threads >= 1, "prefetched: threads is \(threads), expected at least 1")
        var batches = self
        batches.prefetchCount = count
        batches.threads = Swift.max(self.threads, threads)
        return batches
    }

    private func adding(_ threads: Int, _ transform: @escaping Transform) -> Batches {
        require(threads >= 1, "mapped: parallel is \(threads), expected at least 1")
        var batches = self
        batches.transforms.append(transform)
        if threads > 1 { batches.threads = Swift.max(self.threads, threads) }
        return batches
    }

    private func with(_ seed: UInt64?, _ change: (inout Batches) -> Void) -> Batches {
        var batches = self
        if let seed { batches.seed = seed }
        change(&batches)
        return batches
    }

    // MARK: Counts

    /// The number of samples in a pass, of this process's part; nil if a stream does not say it.
    public var sampleCount: Int? {
        guard let count, let samples = allSampleCount else { return nil }
        let own = shard.share(of: samples)
        return dropsRemainder ? Swift.min(own, count * size) : own
    }

    /// The number of batches in a pass; nil if a stream does not say it.
    public var count: Int? {
        guard let samples = allSampleCount else { return nil }
        if dropsRemainder {
            // As many in each part.
            let (all, overflow) = size.multipliedReportingOverflow(by: shard.count)
            return overflow ? 0 : samples / all
        }
        let own = shard.share(of: samples)
        return own / size + (own % size == 0 ? 0 : 1)
    }

    private var allSampleCount: Int? {
        switch (supply, order) {
        case (_, .sampled(_, let count)): count
        case (.samples(let source), _): source.count
        case (.stream(let stream), _): stream.count
        }
    }

    public var underestimatedCount: Int { count ?? 0 }

    // MARK: Passes

    /// Whether a pass draws random numbers and has no seed for them.
    package var needsRandomness: Bool {
        if seed != nil { return false }
        if case .asStored = order { return hasRandomTransforms || isRandomSource }
        return true
    }

    private var isRandomSource: Bool {
        if case .samples(let source) = supply {
            (source as? any PooledSampleSource)?.isRandom ?? false
        } else {
            false
        }
    }

    /// A pass over the batches: with a seed the first one, and the same each time.
    public func makeIterator() -> Iterator { pass(0) }

    /// The batches of a pass, of which each has an order of its own if they are shuffled.
    ///
    /// ```swift
    /// for epoch in 0..<10 { for batch in batches.pass(epoch) { … } }
    /// for batch in batches.pass(3, startingAt: 40) { … }   // goes on within a pass
    /// ```
    ///
    /// Batches before `first` are not made; of a stream, they are read over. Traps if a number is negative.
    public func pass(_ number: Int, startingAt first: Int = 0) -> Iterator {
        require(
            number >= 0 && first >= 0,
            "pass: the pass is \(number) and its first batch \(first), expected at least 0")
        return pass(number, RandomGenerator(seed: needsRandomness ? .random(in: 0 ... .max) : 0), first)
    }

    /// - Parameter unseeded: gives the random numbers where there is no seed.
    package func pass(_ number: Int, _ unseeded: RandomGenerator, _ first: Int) -> Iterator {
        var generator = unseeded
        if let seed {
            generator = RandomGenerator(seed: seed)
            generator.counter = UInt64(number)
            generator = generator.split()
        }
        return Iterator(self, generator, startingAt: first)
    }

    /// How many batches may wait to be taken.
    var ahead: Int { Swift.max(prefetchCount, threads) }

    /// Whether a batch of so many samples is left out.
    func isDropped(_ count: Int) -> Bool { dropsRemainder && count < size }
}

/// Chooses numbers from 0 on by weights.
struct WeightedChoice: Sendable {
    /// The sum of the weights up to each number, itself included.
    private let sums: [Double]

    init(_ weights: [Double]) {
        var sum = 0.0
        sums = weights.map { weight in
            require(
                weight >= 0 && weight.isFinite,
                "sampled: a weight is \(weight), expected finite numbers of at least 0")
            sum += weight
            return sum
        }
        require(sum > 0 || weights.isEmpty, "sampled: all weights are 0, expected a positive one")
        require(sum.isFinite, "sampled: the sum of the weights is \(sum), expected a finite one")
    }

    func draw(using generator: inout RandomGenerator) -> Int {
        // 53 random bits make a number below 1 that is a multiple of 2⁻⁵³.
        let target = Double(generator.next() >> 11) * 0x1p-53 * (sums.last ?? 0)
        // The first sum above it: never a number of weight 0.
        var (low, high) = (0, sums.count - 1)
        while low < high {
            let middle = (low + high) / 2
            if sums[middle] > target { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
