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
        switch source {
        case .automatic:
            for folder in [debianFolder, defaultCache] where missingFile(in: folder) == nil {
                return try read(folder)
            }
            return try load(.embedded)
        case .folder(let folder):
            if let file = missingFile(in: folder) {
                throw DataError(
                    .missing,
                    "\(folder) has neither \(file) nor \(file).gz; it must hold the four files of "
                        + "Fashion-MNIST: \(fileNames.joined(separator: ", ")), each plain or as .gz.")
            }
            return try read(folder)
        case .embedded:
            return try read(origin: "the share within Citius") { name throws(DataError) in
                let bytes = embeddedFile(name)
                return File(path: "the embedded \(name)") {
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

    package static let fileNames = [
        "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ]

    static let debianFolder = "/usr/share/datasets/fashion-mnist"

    /// $XDG_CACHE_HOME/citius/fashion-mnist, in ~/.cache if that is not set.
    public static var defaultCache: String { userCache("fashion-mnist") }

    /// The path of a file in a folder, gzipped or plain; nil if it is not there.
    private static func path(of name: String, in folder: String) -> String? {
        ["\(folder)/\(name).gz", "\(folder)/\(name)"].first { access($0, F_OK) == 0 }
    }

    /// The first of the four files that the folder lacks.
    private static func missingFile(in folder: String) -> String? {
        fileNames.first { path(of: $0, in: folder) == nil }
    }

    // MARK: Reading

    /// One of the four files.
    private struct File {
        /// What messages call it.
        let path: String
        let open: () throws(DataError) -> any ByteSource
    }

    private static func read(_ folder: String) throws(DataError) -> (train: Dataset, test: Dataset) {
        try read(origin: folder) { name throws(DataError) in
            guard let path = path(of: name, in: folder) else {
                throw DataError(.missing, "\(folder)/\(name) disappeared while the data set was read.")
            }
            return File(path: path) { () throws(DataError) in try FileSource(path: path) }
        }
    }

    /// - Parameter file: gives one of the four files by its name.
    private static func read(
        origin: String, file: (String) throws(DataError) -> File
    ) throws(DataError) -> (train: Dataset, test: Dataset) {
        var readers: [(path: String, reader: IDXReader)] = []
        for name in fileNames {
            let file = try file(name)
            readers.append((file.path, try IDXReader(file.open(), reopening: file.open)))
        }
        try checkShapes(images: readers[0], labels: readers[1])
        try checkShapes(images: readers[2], labels: readers[3])
        // One tensor for both sets' images, and one for their labels.
        let trainCount = readers[1].reader.shape[0]
        let count = trainCount + readers[3].reader.shape[0]
        let images = Tensor(uninitialized: [count, side, side, 1], dtype: .uint8)
        let bytes = Tensor(uninitialized: [count], dtype: .uint8)
        try readers[0].reader.readElements(into: images.storage.pointer)
        try readers[1].reader.readElements(into: bytes.storage.pointer)
        try readers[2].reader.readElements(into: images.storage.pointer + trainCount * side * side)
        try readers[3].reader.readElements(into: bytes.storage.pointer + trainCount)
        let labels = Tensor(shape: [count]) { (out: UnsafeMutablePointer<Int64>) in
            bytes.withElements { (bytes: UnsafePointer<UInt8>) in
                for index in 0..<count { out[index] = Int64(bytes[index]) }
            }
        }
        let metadata = Metadata(
            name: "Fashion-MNIST", classNames: classNames,
            source: "https://github.com/zalandoresearch/fashion-mnist", licence: "MIT", origin: origin)
        let all = Dataset(inputs: images, targets: labels, metadata: metadata).scaled(by: 1.0 / 255)
        let (train, test) = (all.subset(0..<trainCount), all.subset(trainCount..<count))
        for (set, labelsPath) in [(train, readers[1].path), (test, readers[3].path)] {
            do throws(DataError) {
                try set.validateLabels(classCount: classNames.count)
            } catch {
                throw DataError(error.kind, "\(labelsPath): \(error.message)")
            }
        }
        return (train, test)
    }

    /// Pixels along each side of an image.
    private static let side = 28

    private static func checkShapes(
        images: (path: String, reader: IDXReader), labels: (path: String, reader: IDXReader)
    ) throws(DataError) {
        let (imageShape, labelShape) = (images.reader.shape, labels.reader.shape)
        guard images.reader.element == .uint8, imageShape.rank == 3,
            imageShape[1] == side, imageShape[2] == side
        else {
            throw DataError(
                .malformed,
                "\(images.path) holds \(images.reader.element) of shape \(imageShape), expected uint8 of "
                    + "shape [images, \(side), \(side)]. Is it Fashion-MNIST?")
        }
        guard labels.reader.element == .uint8, labelShape == [imageShape[0]] else {
            throw DataError(
                .malformed,
                "\(labels.path) holds \(labels.reader.element) of shape \(labelShape), expected uint8 of shape "
                    + "[\(imageShape[0])], one label per image of \(images.path).")
        }
    }
}
