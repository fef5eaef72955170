import CitiusPlatform
import CitiusTensor

/// Reviews of films, 50,000, half of them good and half bad (Maas et al. 2011, Learning Word Vectors for Sentiment
/// Analysis). Published without a licence; to be cited.
///
/// ```swift
/// import CitiusDownloads
///
/// let (train, test) = try IMDB.load(from: IMDB.download(), byteCount: 2_000)
/// let words = TextVectorization(maxTokens: 20_000, outputSequenceLength: 200)
/// words.adapt(on: train)
/// ```
public enum IMDB {
    /// The training and the test set, 25,000 reviews each.
    ///
    /// Inputs are strings [samples, bytes] (uint8, see `Tensor(utf8:)`), targets int64: 0 for a bad review, 1 for a good
    /// one. Samples come class by class, in the order of their files' names: shuffle them.
    ///
    /// - Parameters:
    ///   - folder: has `aclImdb_v1.tar.gz`, or is the folder `aclImdb` within; nil: ``defaultCache``, where
    ///     `IMDB.download()` of `CitiusDownloads` puts it.
    ///   - byteCount: where texts are cut off; nil: nowhere. All take as much memory as the longest, of 14,000 bytes.
    /// - Throws: a ``DataError`` for files that are missing or broken.
    public static func load(
        from folder: String? = nil, byteCount: Int? = nil
    ) throws(DataError) -> (train: Dataset, test: Dataset) {
        let folder = folder ?? defaultCache
        if access("\(folder)/\(archiveName)", F_OK) == 0 {
            let texts = try reviews(in: "\(folder)/\(archiveName)")
            return (
                try dataset(texts["train"] ?? [:], byteCount, folder),
                try dataset(texts["test"] ?? [:], byteCount, folder)
            )
        }
        guard access("\(folder)/train", F_OK) == 0 else {
            throw DataError(
                .missing,
                "\(folder) has neither \(archiveName) nor a folder train; it must hold that archive, or be the folder "
                    + "aclImdb within.")
        }
        var sets: [Dataset] = []
        for name in ["train", "test"] {
            var data = try Dataset.texts(
                inFolder: "\(folder)/\(name)", classNames: classNames, byteCount: byteCount)
            data.metadata = metadata(folder)
            sets.append(data)
        }
        return (sets[0], sets[1])
    }

    /// The folders' names; label 0 is the first.
    static let classNames = ["neg", "pos"]

    package static let archiveName = "aclImdb_v1.tar.gz"

    /// $XDG_CACHE_HOME/citius/imdb, in ~/.cache if that is not set.
    public static var defaultCache: String { userCache("imdb") }

    private static func metadata(_ origin: String) -> Metadata {
        Metadata(
            name: "IMDB", classNames: classNames, source: "https://ai.stanford.edu/~amaas/data/sentiment/",
            licence: "none stated; to be cited", origin: origin)
    }

    /// The reviews by set, class and file.
    private static func reviews(
        in archive: String
    ) throws(DataError) -> [String: [String: [(name: String, text: String)]]] {
        var found: [String: [String: [(name: String, text: String)]]] = [:]
        try TarReader.forEachFile(in: archive, byteLimit: 1 << 20) { name, bytes throws(DataError) in
            // aclImdb/train/pos/0_9.txt
            let parts = name.split(separator: "/").map { String($0) }
            guard parts.count == 4, ["train", "test"].contains(parts[1]), classNames.contains(parts[2]),
                parts[3].hasSuffix(".txt")
            else { return }
            let text = String(decoding: try bytes(), as: UTF8.self)
            found[parts[1], default: [:]][parts[2], default: []].append((parts[3], text))
        }
        return found
    }

    private static func dataset(
        _ classes: [String: [(name: String, text: String)]], _ byteCount: Int?, _ folder: String
    ) throws(DataError) -> Dataset {
        var texts: [String] = []
        var labels: [Int64] = []
        for (label, name) in classNames.enumerated() {
            let reviews = (classes[name] ?? []).sorted {
                $0.name.utf8.lexicographicallyPrecedes($1.name.utf8)
            }
            texts += reviews.map(\.text)
            labels += reviews.map { _ in Int64(label) }
        }
        guard !texts.isEmpty else {
            throw DataError(
                .malformed, "\(folder)/\(archiveName) has no reviews. Is it the archive of IMDB's reviews?")
        }
        return Dataset(
            inputs: Tensor(utf8: texts, byteCount: byteCount), targets: Tensor(labels),
            metadata: metadata(folder))
    }
}
