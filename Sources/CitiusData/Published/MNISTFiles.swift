import CitiusPlatform
import CitiusTensor

/// The four files of MNIST and of what has its form: images and labels in IDX files, gzipped or plain.
struct MNISTFiles {
    /// Name, class names, source and licence.
    let metadata: Metadata

    static let names = [
        "train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ]

    /// One of the four files.
    struct File {
        /// What messages call it.
        let path: String
        let open: () throws(DataError) -> any ByteSource
    }

    /// The path of a file in a folder, gzipped or plain; nil if it is not there.
    private static func path(of name: String, in folder: String) -> String? {
        ["\(folder)/\(name).gz", "\(folder)/\(name)"].first { access($0, F_OK) == 0 }
    }

    /// Whether a folder has all of the files.
    static func areIn(_ folder: String) -> Bool { names.allSatisfy { path(of: $0, in: folder) != nil } }

    func read(_ folder: String) throws(DataError) -> (train: Dataset, test: Dataset) {
        if let file = Self.names.first(where: { Self.path(of: $0, in: folder) == nil }) {
            throw DataError(
                .missing,
                "\(folder) has neither \(file) nor \(file).gz; it must hold the four files of "
                    + "\(metadata.name): \(Self.names.joined(separator: ", ")), each plain or as .gz.")
        }
        return try read(origin: folder) { name throws(DataError) in
            guard let path = Self.path(of: name, in: folder) else {
                throw DataError(.missing, "\(folder)/\(name) disappeared while the data set was read.")
            }
            return File(path: path) { () throws(DataError) in try FileSource(path: path) }
        }
    }

    /// - Parameter file: gives one of the four files by its name.
    func read(
        origin: String, file: (String) throws(DataError) -> File
    ) throws(DataError) -> (train: Dataset, test: Dataset) {
        var readers: [(path: String, reader: IDXReader)] = []
        for name in Self.names {
            let file = try file(name)
            readers.append((file.path, try IDXReader(file.open(), reopening: file.open)))
        }
        try checkShapes(images: readers[0], labels: readers[1])
        try checkShapes(images: readers[2], labels: readers[3])
        // One tensor for both sets' images, and one for their labels.
        let trainCount = readers[1].reader.shape[0]
        let count = trainCount + readers[3].reader.shape[0]
        let images = Tensor(uninitialized: [count, Self.side, Self.side, 1], dtype: .uint8)
        let bytes = Tensor(uninitialized: [count], dtype: .uint8)
        try readers[0].reader.readElements(into: images.storage.pointer)
        try readers[1].reader.readElements(into: bytes.storage.pointer)
        try readers[2].reader.readElements(into: images.storage.pointer + trainCount * Self.side * Self.side)
        try readers[3].reader.readElements(into: bytes.storage.pointer + trainCount)
        var metadata = metadata
        metadata.origin = origin
        let all = Dataset(inputs: images, targets: bytes.cast(to: .int64), metadata: metadata).scaled(
            by: 1.0 / 255)
        let (train, test) = (all.subset(0..<trainCount), all.subset(trainCount..<count))
        for (set, labelsPath) in [(train, readers[1].path), (test, readers[3].path)] {
            do throws(DataError) {
                try set.validateLabels(classCount: metadata.classNames.count)
            } catch {
                throw DataError(error.kind, "\(labelsPath): \(error.message)")
            }
        }
        return (train, test)
    }

    /// Pixels along each side of an image.
    private static let side = 28

    private func checkShapes(
        images: (path: String, reader: IDXReader), labels: (path: String, reader: IDXReader)
    ) throws(DataError) {
        let (imageShape, labelShape) = (images.reader.shape, labels.reader.shape)
        guard images.reader.element == .uint8, imageShape.rank == 3,
            imageShape[1] == Self.side, imageShape[2] == Self.side
        else {
            throw DataError(
                .malformed,
                "\(images.path) holds \(images.reader.element) of shape \(imageShape), expected uint8 of "
                    + "shape [images, \(Self.side), \(Self.side)]. Is it \(metadata.name)?")
        }
        guard labels.reader.element == .uint8, labelShape == [imageShape[0]] else {
            throw DataError(
                .malformed,
                "\(labels.path) holds \(labels.reader.element) of shape \(labelShape), expected uint8 of shape "
                    + "[\(imageShape[0])], one label per image of \(images.path).")
        }
    }
}
