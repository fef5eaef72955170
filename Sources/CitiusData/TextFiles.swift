import CitiusPlatform
import CitiusTensor

/// Texts in files.
public enum TextFile {
    /// The text of a file. Bytes that are no UTF-8 become U+FFFD.
    ///
    /// - Parameter byteLimit: what a file may have.
    /// - Throws: a `DataError` if the file is missing, cannot be read, or is larger.
    public static func text(of path: String, byteLimit: Int = 1 << 30) throws(DataError) -> String {
        String(decoding: try bytes(of: path, byteLimit), as: UTF8.self)
    }

    /// The lines of a file, without an empty one at the end: a vocabulary for a `StringLookup`, say.
    ///
    /// - Throws: a `DataError` if the file is missing, cannot be read, is larger than the limit or no UTF-8 text.
    public static func lines(of path: String, byteLimit: Int = 1 << 30) throws(DataError) -> [String] {
        guard let text = String(validating: try bytes(of: path, byteLimit), as: UTF8.self) else {
            throw DataError(
                .malformed, "\(path) is no UTF-8 text. Convert it, for instance by iconv -t utf-8.")
        }
        var lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        if lines.last?.isEmpty == true { lines.removeLast() }
        return lines.map { String($0) }
    }

    private static func bytes(of path: String, _ limit: Int) throws(DataError) -> [UInt8] {
        let file = try FileSource(path: path)
        let count = file.remainingByteLimit ?? 0
        guard count <= limit else {
            throw DataError(
                .tooLarge, "\(path) has \(count) bytes, more than the \(limit) that are allowed here.")
        }
        return try file.readBytes(count)
    }
}

extension Dataset {
    /// The text files in a folder, labelled by the folders that they are in: one for each class.
    ///
    /// ```
    /// reviews/good/1.txt
    /// reviews/good/2.txt
    /// reviews/bad/1.txt
    /// ```
    ///
    /// Inputs are strings [samples, bytes] (uint8, see `Tensor(utf8:)`), padded to the longest text; targets labels [samples],
    /// int64, in the order of the classes' names, which the metadata has. Samples come class by class, in the order of
    /// their paths: shuffle them. Follows `keras.utils.text_dataset_from_directory`.
    ///
    /// - Parameters:
    ///   - classNames: which folders, in the order of the labels; nil: all, in the order of their names.
    ///   - byteCount: where texts are cut off; nil: nowhere.
    ///   - followingLinks: whether symbolic links to folders are entered.
    /// - Throws: a `DataError` if a folder is missing or has no `.txt` files, or if a file cannot be read.
    public static func texts(
        inFolder path: String, classNames: [String]? = nil, byteCount: Int? = nil,
        followingLinks: Bool = false
    ) throws(DataError) -> Dataset {
        let classes: [String]
        if let classNames {
            classes = classNames
        } else {
            classes = try FolderListing.entries(of: path).filter { $0.isFolder }.map { $0.name }
        }
        guard !classes.isEmpty else {
            throw DataError(
                .empty, "\(path) has no folders; put the texts of each class into one of its own.")
        }
        var texts: [String] = []
        var labels: [Int64] = []
        for (label, name) in classes.enumerated() {
            let files = try FolderListing.files(
                below: path + "/" + name, suffixes: [".txt"], followingLinks: followingLinks)
            for file in files {
                texts.append(try TextFile.text(of: file))
                labels.append(Int64(label))
            }
        }
        guard !texts.isEmpty else {
            throw DataError(.empty, "The folders in \(path) have no files whose names end in .txt.")
        }
        return Dataset(
            inputs: Tensor(utf8: texts, byteCount: byteCount), targets: Tensor(labels),
            metadata: Metadata(classNames: classes, origin: path))
    }
}
