import CitiusTensor

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
            var system = SystemRandomNumberGenerator()
            let generator = RandomGenerator(seed: system.next())
            drawn = generator
            return generator
        }
        set { drawn = newValue }
    }
}
