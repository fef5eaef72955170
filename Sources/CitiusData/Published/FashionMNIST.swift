import CitiusFashionMNIST
import CitiusPlatform
import CitiusTensor

/// Fashion-MNIST: 70,000 images of clothes in 10 classes, 28 × 28 bytes each, from Zalando (Xiao, Rasul,
/// Vollgraf 2017, arXiv 1708.07747). Published under the MIT licence.
public enum FashionMNIST {
    /// The classes' names; label 0 is the first.
    public static let classNames = [
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
        "Ankle boot",
    ]

    /// Where the images come from.
    public enum Source: Sendable, Equatable {
        /// Debian's package `dataset-fashion-mnist` if it is installed, else an earlier download in the
        /// cache, else the share within the library. Never the network; for a download import
        /// `CitiusDownloads`, which adds `.download()`.
        case automatic
        /// A folder with the four files, gzipped or plain, under their published names.
        case folder(String)
        /// The share within the library: 4,000 training and 500 test images, as many of each class.
        case embedded
    }

    /// The training and the test set, from a folder or from where ``Source/automatic`` finds them.
    ///
    /// Inputs are [samples, 28, 28, 1], held as bytes and batched as floats from 0 to 1
    /// (`scaled(by: 1 / 255)`; another `scaled(by:)` replaces that). Targets are int64, [samples].
    /// ``Metadata/origin`` says which source served. The two sets are neighbours in memory:
    /// `train.appending(test)` copies nothing.
    ///
    /// - Throws: a ``DataError`` for files that are missing, broken, or hold something else.
    public static func load(from folder: String? = nil) throws(DataError) -> (train: Dataset, test: Dataset) {
        if let folder { return try load(.folder(folder)) }
        return try load(.automatic)
    }

    /// The training and the test set from the given source. See ``load(from:)``.
    public static func load(_ source: Source) throws(DataError) -> (train: Dataset, test: Dataset) {
        let files = MNISTFiles(
            metadata: Metadata(
                name: "Fashion-MNIST", classNames: classNames,
                source: "https://github.com/zalandoresearch/fashion-mnist", licence: "MIT"))
        switch source {
        case .automatic:
            for folder in [debianFolder, defaultCache] where MNISTFiles.areIn(folder) {
                return try files.read(folder)
            }
            return try load(.embedded)
        case .folder(let folder): return try files.read(folder)
        case .embedded:
            return try files.read(origin: "the share within Citius") { name throws(DataError) in
                let bytes = embeddedFile(name)
                return MNISTFiles.File(path: "the embedded \(name)") {
                    MemorySource(bytes, name: "the embedded \(name)")
                }
            }
        }
    }

    // MARK: Files

    /// The licence of the images, which asks to go wherever they go.
    public static var licence: String { String(decoding: embeddedFile("LICENSE"), as: UTF8.self) }

    /// A file of the share within the library.
    private static func embeddedFile(_ name: String) -> [UInt8] {
        let file = citius_fashion_mnist_file(name)
        return [UInt8](UnsafeBufferPointer(start: file.bytes, count: file.count))
    }

    package static let fileNames = MNISTFiles.names

    static let debianFolder = "/usr/share/datasets/fashion-mnist"

    /// $XDG_CACHE_HOME/citius/fashion-mnist, in ~/.cache if that is not set.
    public static var defaultCache: String { userCache("fashion-mnist") }
}
