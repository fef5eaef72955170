import CitiusPlatform
import CitiusTensor

/// CIFAR-10: 60,000 photographs in 10 classes, 32 × 32 pixels of 3 bytes each (Krizhevsky 2009, Learning Multiple Layers
/// of Features from Tiny Images). Published without a licence; to be cited.
///
/// ```swift
/// import CitiusDownloads
///
/// let (train, test) = try CIFAR10.load(from: CIFAR10.download())
/// ```
public enum CIFAR10 {
    /// The training and the test set, 50,000 and 10,000 images.
    ///
    /// Inputs are [samples, 32, 32, 3], held as bytes and batched as floats from 0 to 1; targets int64, [samples].
    ///
    /// - Parameter folder: has `cifar-10-binary.tar.gz` or what is in it; nil: ``defaultCache``, where
    ///   `CIFAR10.download()` of `CitiusDownloads` puts it.
    /// - Throws: a ``DataError`` for files that are missing, broken, or hold something else.
    public static func load(from folder: String? = nil) throws(DataError) -> (train: Dataset, test: Dataset) {
        try CIFARFiles(
            name: "CIFAR-10", archive: archiveName, folder: "cifar-10-batches-bin",
            train: (1...5).map { "data_batch_\($0).bin" }, test: "test_batch.bin",
            classNames: "batches.meta.txt", classCount: 10, labels: 1, label: 0
        ).read(folder ?? defaultCache)
    }

    package static let archiveName = "cifar-10-binary.tar.gz"

    /// $XDG_CACHE_HOME/citius/cifar-10, in ~/.cache if that is not set.
    public static var defaultCache: String { userCache("cifar-10") }
}

/// CIFAR-100: 60,000 photographs in 100 classes, which are of 20 kinds, 32 × 32 pixels of 3 bytes each (Krizhevsky 2009,
/// Learning Multiple Layers of Features from Tiny Images). Published without a licence; to be cited.
public enum CIFAR100 {
    /// What labels say.
    public enum Labels: Sendable {
        /// The class, of 100.
        case fine
        /// The kind of class, of 20.
        case coarse
    }

    /// The training and the test set, 50,000 and 10,000 images; as ``CIFAR10/load(from:)``.
    ///
    /// - Parameter folder: has `cifar-100-binary.tar.gz` or what is in it; nil: ``defaultCache``, where
    ///   `CIFAR100.download()` of `CitiusDownloads` puts it.
    public static func load(
        from folder: String? = nil, labels: Labels = .fine
    ) throws(DataError) -> (train: Dataset, test: Dataset) {
        try CIFARFiles(
            name: "CIFAR-100", archive: archiveName, folder: "cifar-100-binary", train: ["train.bin"],
            test: "test.bin", classNames: labels == .fine ? "fine_label_names.txt" : "coarse_label_names.txt",
            classCount: labels == .fine ? 100 : 20, labels: 2, label: labels == .fine ? 1 : 0
        ).read(folder ?? defaultCache)
    }

    package static let archiveName = "cifar-100-binary.tar.gz"

    /// $XDG_CACHE_HOME/citius/cifar-100, in ~/.cache if that is not set.
    public static var defaultCache: String { userCache("cifar-100") }
}

/// The files of CIFAR in their binary form: records of labels and of 3 · 32 · 32 bytes, color by color.
private struct CIFARFiles {
    let name: String
    let archive: String
    let folder: String
    let train: [String]
    let test: String
    let classNames: String
    let classCount: Int
    /// Labels in a record, and which of them counts.
    let labels: Int
    let label: Int

    private static let side = 32
    /// No file of the data is larger.
    private static let byteLimit = 1 << 28

    func read(_ path: String) throws(DataError) -> (train: Dataset, test: Dataset) {
        let files = try bytes(path)
        func file(_ name: String) throws(DataError) -> [UInt8] {
            guard let bytes = files[name] else {
                throw DataError(
                    .missing,
                    "\(path) has neither \(archive) nor \(name); it must hold that archive of \(self.name), or what is in it."
                )
            }
            return bytes
        }
        let names = String(decoding: try file(classNames), as: UTF8.self).split(separator: "\n")
            .map { $0.filter { $0 != "\r" } }.filter { !$0.isEmpty }
        guard names.count == classCount else {
            throw DataError(
                .malformed,
                "\(path): \(classNames) names \(names.count) classes, expected \(classCount). Get the files again."
            )
        }
        let metadata = Metadata(
            name: name, classNames: names.map { String($0) },
            source: "https://www.cs.toronto.edu/~kriz/cifar.html",
            licence: "none stated; to be cited", origin: path)
        var records: [(name: String, bytes: [UInt8])] = []
        for name in train + [test] { records.append((name, try file(name))) }
        let sets = [Array(records.dropLast()), [records[records.count - 1]]]
        var read: [Dataset] = []
        for set in sets { read.append(try dataset(set, metadata, path)) }
        return (read[0], read[1])
    }

    private func dataset(
        _ files: [(name: String, bytes: [UInt8])], _ metadata: Metadata, _ path: String
    ) throws(DataError) -> Dataset {
        let pixels = Self.side * Self.side
        let record = labels + 3 * pixels
        for (name, bytes) in files where bytes.isEmpty || bytes.count % record != 0 {
            throw DataError(
                .malformed,
                "\(path): \(name) has \(bytes.count) bytes, expected a multiple of \(record). Get the files again."
            )
        }
        let count = files.reduce(0) { $0 + $1.bytes.count / record }
        let images = Tensor(uninitialized: [count, Self.side, Self.side, 3], dtype: .uint8)
        var targets: [Int64] = []
        var out = images.storage.pointer.assumingMemoryBound(to: UInt8.self)
        for (_, bytes) in files {
            for start in stride(from: 0, to: bytes.count, by: record) {
                targets.append(Int64(bytes[start + label]))
                for pixel in 0..<pixels {
                    for color in 0..<3 {
                        out[3 * pixel + color] = bytes[start + labels + color * pixels + pixel]
                    }
                }
                out += 3 * pixels
            }
        }
        let data = Dataset(inputs: images, targets: Tensor(targets), metadata: metadata).scaled(by: 1.0 / 255)
        do throws(DataError) {
            try data.validateLabels(classCount: classCount)
        } catch {
            throw DataError(error.kind, "\(path), \(files[0].name): \(error.message)")
        }
        return data
    }

    /// The files' bytes by their names, from the archive or beside it.
    private func bytes(_ path: String) throws(DataError) -> [String: [UInt8]] {
        let wanted = train + [test, classNames]
        var files: [String: [UInt8]] = [:]
        if access("\(path)/\(archive)", F_OK) == 0 {
            try TarReader.forEachFile(in: "\(path)/\(archive)", byteLimit: Self.byteLimit) {
                name, bytes throws(DataError) in
                let last = String(name.split(separator: "/").last ?? "")
                if wanted.contains(last) { files[last] = try bytes() }
            }
            return files
        }
        for place in [path, "\(path)/\(folder)"] {
            for name in wanted where files[name] == nil && access("\(place)/\(name)", F_OK) == 0 {
                let source = try FileSource(path: "\(place)/\(name)")
                files[name] = try source.readBytes(min(source.remainingByteLimit ?? 0, Self.byteLimit))
            }
        }
        return files
    }
}
