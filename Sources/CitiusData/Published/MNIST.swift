import CitiusPlatform
import CitiusTensor

/// MNIST: 70,000 handwritten digits, 28 × 28 bytes each (LeCun, Cortes, Burges; a selection of NIST's). Published under
/// CC BY-SA 3.0.
///
/// ```swift
/// import CitiusDownloads
///
/// let (train, test) = try MNIST.load(from: MNIST.download())   // once; then the cache serves
/// ```
public enum MNIST {
    /// The training and the test set, 60,000 and 10,000 images.
    ///
    /// Inputs are [samples, 28, 28, 1], held as bytes and batched as floats from 0 to 1; targets int64, [samples].
    ///
    /// - Parameter folder: has the four files, gzipped or plain, under their published names; nil: ``defaultCache``, where
    ///   `MNIST.download()` of `CitiusDownloads` puts them.
    /// - Throws: a ``DataError`` for files that are missing, broken, or hold something else.
    public static func load(from folder: String? = nil) throws(DataError) -> (train: Dataset, test: Dataset) {
        try MNISTFiles(
            metadata: Metadata(
                name: "MNIST", classNames: (0..<10).map { "\($0)" },
                source: "https://yann.lecun.com/exdb/mnist/", licence: "CC BY-SA 3.0")
        ).read(folder ?? defaultCache)
    }

    /// $XDG_CACHE_HOME/citius/mnist, in ~/.cache if that is not set.
    public static var defaultCache: String { userCache("mnist") }
}
