import CitiusData
import Synchronization

extension ImageFolder {
    /// The same samples, kept in memory once they are decoded; of folders whose fitting is random, the files' bytes are
    /// kept.
    ///
    /// - Parameter byteLimit: how much is kept. Images that find no more room are decoded each time.
    public func cached(byteLimit: Int = 4 << 30) -> CachedImages {
        CachedImages(folder: self, store: ImageStore(byteLimit: byteLimit))
    }
}

/// Images of a folder that are kept in memory: see ``ImageFolder/cached(byteLimit:)``. Copies share what is kept.
public struct CachedImages: Sendable {
    /// What is kept; its settings stay as they were.
    public let folder: ImageFolder
    let store: ImageStore

    /// The number of samples.
    public var count: Int { folder.count }

    /// How many bytes of images are kept now.
    public var cachedByteCount: Int { store.byteCount }
}

/// Bytes by number, up to a limit.
final class ImageStore: Sendable {
    private struct State {
        var entries: [Int: [UInt8]] = [:]
        var byteCount = 0
    }

    private let state = Mutex(State())
    private let byteLimit: Int

    init(byteLimit: Int) { self.byteLimit = byteLimit }

    var byteCount: Int { state.withLock { $0.byteCount } }

    /// What is not kept is nil; what finds no room is dropped.
    subscript(sample: Int) -> [UInt8]? {
        get { state.withLock { $0.entries[sample] } }
        set {
            guard let newValue else { return }
            state.withLock { state in
                guard state.entries[sample] == nil, newValue.count <= byteLimit - state.byteCount else {
                    return
                }
                state.entries[sample] = newValue
                state.byteCount += newValue.count
            }
        }
    }
}

extension CachedImages: PooledSampleSource {
    /// The samples of some numbers, in this order; what is random comes out the same each time. ``batched(_:dropRemainder:)``
    /// is what trainings take.
    public func batch(of samples: ArraySlice<Int>) throws(DataError) -> Batch {
        try batch(of: samples, using: RandomGenerator(seed: 0), usesPool: true)
    }

    package var isRandom: Bool { folder.isRandom }

    package func batch(
        of samples: ArraySlice<Int>, using generator: RandomGenerator, usesPool: Bool
    ) throws(DataError) -> Batch {
        try folder.batch(of: Array(samples), using: generator, usesPool: usesPool, store: store)
    }
}
