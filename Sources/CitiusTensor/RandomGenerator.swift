import CitiusKernels

/// A seeded stream of random numbers: the same seed gives the same numbers, on any number of threads.
///
/// It is a value: a copy continues where the original stood, independently. Functions that draw take it
/// `inout`. Also a Swift `RandomNumberGenerator`, for `shuffle(using:)` and the like.
public struct RandomGenerator: RandomNumberGenerator, Sendable, Equatable {
    package let philox: Philox
    /// The next block of the stream.
    package var counter: UInt64 = 0

    public init(seed: UInt64) { philox = Philox(key: seed) }

    /// 64 random bits. Takes one block of the stream.
    public mutating func next() -> UInt64 {
        let block = philox.block(takeBlocks(1))
        return UInt64(block.x) | UInt64(block.y) << 32
    }

    /// A generator with a stream of its own, drawn from this one.
    public mutating func split() -> RandomGenerator { RandomGenerator(seed: next()) }

    /// Reserves blocks of the stream; the result is the first one's number.
    package mutating func takeBlocks(_ blocks: Int) -> UInt64 {
        defer { counter &+= UInt64(blocks) }
        return counter
    }
}
