import CitiusTensor
import Synchronization

/// Has everything that is given no seed draw its own from this one: models, layers and streams made from now on. A
/// program of one thread then does the same, to the last bit, each time it runs. Follows
/// `keras.utils.set_random_seed`.
///
/// A seed that is given to a model counts in its place, and keeps it from what else the program does.
public func setRandomSeed(_ seed: UInt64) { seeds.withLock { $0 = RandomGenerator(seed: seed) } }

/// Where seeds come from that are not given; nil: from the system.
private let seeds = Mutex<RandomGenerator?>(nil)

private func freshSeed() -> UInt64 {
    var system = SystemRandomNumberGenerator()
    return seeds.withLock { $0?.next() } ?? system.next()
}

/// A sequence of random numbers that several holders draw from in turn: a model, the contexts that it hands out, a
/// loop of your own.
///
/// `RandomGenerator` is a value, so that a copy repeats what the original gives. A stream is an object: whoever
/// draws moves it on for all.
public final class RandomStream {
    private var drawn: RandomGenerator?

    /// A stream from a seed; nil takes a fresh one, different at every call.
    public init(seed: UInt64? = nil) { drawn = seed.map { RandomGenerator(seed: $0) } }

    public init(_ generator: RandomGenerator) { drawn = generator }

    /// Where the stream stands. Setting it continues from there.
    public var generator: RandomGenerator {
        get {
            if let drawn { return drawn }
            // Not before it is asked for: a prediction draws nothing.
            let generator = RandomGenerator(seed: freshSeed())
            drawn = generator
            return generator
        }
        set { drawn = newValue }
    }

    /// Draws from here, or, for a layer with a seed of its own, from that seed's sequence at the place where this stream
    /// stands. So a seed gives the same numbers whatever the model's, and a training that is resumed needs no other
    /// state than this stream.
    package func drawing<Result>(
        seed: Int?, _ body: (inout RandomGenerator) throws -> Result
    ) rethrows -> Result {
        guard let seed else { return try body(&generator) }
        var own = RandomGenerator(seed: UInt64(bitPattern: Int64(seed)))
        own.counter = generator.counter
        defer { generator.counter = own.counter }
        return try body(&own)
    }
}
