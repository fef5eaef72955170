import CitiusPlatform

/// Samples by number, made when they are asked for: read from files, decoded, computed.
///
/// ```swift
/// struct Recordings: SampleSource {
///     let paths: [String]
///     var count: Int { paths.count }
///     func batch(of samples: ArraySlice<Int>) throws(DataError) -> Batch { … }
/// }
/// try model.fit(Recordings(paths: paths).batched(32).shuffled().prefetched(), epochs: 10)
/// ```
///
/// ``Dataset`` is one, of tensors in memory or in mapped files. Several threads may ask at once.
public protocol SampleSource: Sendable {
    /// The number of samples.
    var count: Int { get }
    /// The samples of some numbers from 0 up to, not including, `count`, in this order. A number may come twice.
    func batch(of samples: ArraySlice<Int>) throws(DataError) -> Batch
}

extension SampleSource {
    /// The samples in batches of `size`; the last batch has what is left, so a batch larger than the data
    /// gives one batch, and an empty data set gives none.
    ///
    /// Nothing is made before it is iterated. What ``Batches`` offers (another order for each pass, transforms, threads
    /// that work ahead) is added to it, in any order:
    ///
    /// ```swift
    /// let batches = train.batched(32).shuffled(seed: 1).mapped(parallel: 2, augmented).prefetched(4)
    /// try model.fit(batches, epochs: 10, validationData: test.batched(64))
    /// ```
    ///
    /// Traps if `size` is below 1.
    ///
    /// - Parameter dropRemainder: whether a last batch that is short is left out.
    public func batched(_ size: Int, dropRemainder: Bool = false) -> Batches {
        Batches(.samples(self), size: size, dropRemainder)
    }
}

/// A source that can spread the making of a batch over the library's threads, and draw random numbers for it.
package protocol PooledSampleSource: SampleSource {
    /// Whether the samples differ from pass to pass.
    var isRandom: Bool { get }
    /// The samples of some numbers, in this order; those that cannot be made may be left out.
    ///
    /// - Parameters:
    ///   - generator: follows from the seed, the pass and the number of the batch alone.
    ///   - usesPool: whether it may. A thread that works beside a training loop says no, or the loop would find
    ///     the pool busy.
    func batch(
        of samples: ArraySlice<Int>, using generator: RandomGenerator, usesPool: Bool
    ) throws(DataError) -> Batch
}

/// Samples that come one after another: from a file larger than memory, a network, a generator that never ends.
///
/// A stream is a value that can be read any number of times, each time from its start. ``CSV/stream(contentsOf:layout:options:)``
/// is one.
public protocol SampleStream: Sendable {
    /// The number of samples, if it is known before.
    var count: Int? { get }
    /// Begins at the first sample.
    func makeReader() throws(DataError) -> any SampleReader
}

/// A place in a stream of samples. One thread at a time reads it.
public protocol SampleReader: AnyObject {
    /// The next samples, as few or as many as suit the source; nil after the last.
    ///
    /// All pieces have inputs, targets and weights of the same shapes, dtypes and scales.
    func next() throws(DataError) -> Dataset?
}

extension SampleStream {
    /// The number of samples is not known, unless a stream says it.
    public var count: Int? { nil }

    /// The samples in batches of `size`, whatever pieces they come in. See ``SampleSource/batched(_:dropRemainder:)``.
    public func batched(_ size: Int, dropRemainder: Bool = false) -> Batches {
        Batches(.stream(self), size: size, dropRemainder)
    }
}
