import CitiusData
import CitiusPlatform

/// Files from servers, kept in a cache.
public enum Downloads {
    /// What a file must be.
    public enum Checksum: Sendable, Equatable {
        /// In hexadecimal.
        case sha256(String)
        /// In hexadecimal. Finds damage; anybody can make a file of a given MD5.
        case md5(String)
    }

    /// The path of a file that is downloaded if it is not there. Blocks until it is.
    ///
    /// ```swift
    /// let path = try Downloads.file("https://example.org/table.csv", checksum: .sha256("3aed…9a84"))
    /// let table = try CSV.read(contentsOf: path)
    /// ```
    ///
    /// The file has its name only when it is whole and its checksum is right. A download that was broken off goes on
    /// where it was, if the server can; one process at a time downloads a file, and others wait. Follows
    /// `keras.utils.get_file`; archives are not unpacked.
    ///
    /// - Parameters:
    ///   - name: the file's; nil: the last part of the address. Traps if it has a slash or is empty.
    ///   - folder: made if it is not there; nil: `citius/files` in `$XDG_CACHE_HOME`, or in `~/.cache`.
    ///   - checksum: compared when the file arrives and whenever it is asked for; nil: it is as long as the server says.
    ///   - isOffline: whether the network is never used.
    /// - Throws: a ``CitiusData/DataError`` if the server cannot be reached or does not have the file, the file is another
    ///   one, or the folder cannot be written.
    public static func file(
        _ address: String, name: String? = nil, folder: String? = nil, checksum: Checksum? = nil,
        isOffline: Bool = false, options: DownloadOptions = DownloadOptions()
    ) throws(DataError) -> String {
        let last = address.prefix { $0 != "?" && $0 != "#" }.split(
            separator: "/", omittingEmptySubsequences: false
        )
        .dropFirst(3).last
        let name = name ?? last.map { String($0) } ?? ""
        require(
            !name.isEmpty && !name.contains("/") && name != "." && name != "..",
            "Downloads.file: the name is \"\(name)\", expected one of a file, without a folder; say it by name:"
        )
        let path = "\(folder ?? userCache("files"))/\(name)"
        let digest: (Digest.Algorithm, String)? =
            switch checksum {
            case .sha256(let hex): (.sha256, hex.lowercased())
            case .md5(let hex): (.md5, hex.lowercased())
            case nil: nil
            }
        try FileDownload(
            address: address, path: path,
            expectation: FileDownload.Expectation(
                digest: digest, source: digest == nil ? "announced" : "expected"),
            options: options
        ).run(checksWhole: true, isOffline: isOffline)
        return path
    }
}

/// How a file is downloaded.
public struct DownloadOptions: Sendable {
    /// How a download shows how far it is.
    public enum Progress: Sendable {
        /// A line on the terminal, if there is one.
        case automatic
        case silent
        /// Called with the bytes so far, and with all of them if the server says how many. On another thread.
        case report(@Sendable (Int, Int?) -> Void)
    }

    /// Seconds without a byte after which a try is given up.
    public var timeout: Double
    /// How often a download is begun in all where the network or the server does not hold out.
    public var tries: Int
    public var progress: Progress
    /// Seconds between two tries.
    var delay = 1.0

    /// Traps unless `timeout` and `tries` are positive.
    public init(timeout: Double = 60, tries: Int = 3, progress: Progress = .automatic) {
        require(
            timeout > 0 && tries >= 1,
            "DownloadOptions: timeout is \(timeout) and tries \(tries), expected both positive")
        self.timeout = timeout
        self.tries = tries
        self.progress = progress
    }
}
