import CitiusConfiguration
import CitiusData
import CitiusPlatform

/// OpenML's data sets, by name, version or number: what `sklearn.datasets.fetch_openml` fetches.
///
/// ```swift
/// let mnist = try OpenML.fetch("mnist_784")                       // 70,000 × 784, labels "0" to "9"
/// let (train, test) = mnist.scaled(by: 1 / 255).split(at: 6 / 7)
/// let iris = try OpenML.fetch(id: 61)
/// let titanic = try OpenML.fetch("titanic", version: 1, layout: TableLayout(missing: .mean))
/// ```
///
/// Inputs are one tensor [samples, features] and targets one tensor each, as ``CitiusData/TableLayout`` says; the server
/// says which column is the target, and which are no features (row numbers, columns to ignore). What was downloaded is
/// kept in a folder and read from there the next time, also without a network; the data's MD5 is compared with the
/// server's when they arrive and whenever they are read.
///
/// Whatever happens, a download that fails, a full disk, a process that is killed, no file is left that a later call
/// would take for good. Processes that want the same data set at once download it once: the others wait.
public enum OpenML {
    /// Where data sets come from and go to.
    public struct Options: Sendable {
        /// The server.
        public var host: String
        /// The folder that keeps what was downloaded, made if it is not there; nil: `citius/openml` in
        /// `$XDG_CACHE_HOME`, or in `~/.cache`.
        public var cache: String?
        /// Whether only what was downloaded before is used, and the network never.
        public var isOffline: Bool
        /// Seconds without a byte after which a download is given up.
        public var timeout: Double
        /// How often a download is begun in all where the network or the server does not hold out.
        public var tries: Int
        public var progress: Progress
        /// Seconds between two tries.
        var delay = 1.0

        /// Traps unless `timeout` and `tries` are positive.
        public init(
            host: String = "https://www.openml.org", cache: String? = nil, isOffline: Bool = false,
            timeout: Double = 60, tries: Int = 3, progress: Progress = .automatic
        ) {
            require(
                timeout > 0 && tries >= 1,
                "OpenML.Options: timeout is \(timeout) and tries \(tries), expected both positive")
            self.host = host
            self.cache = cache
            self.isOffline = isOffline
            self.timeout = timeout
            self.tries = tries
            self.progress = progress
        }
    }

    public typealias Progress = DownloadOptions.Progress

    /// The newest active version of a data set, or the version that is asked for. Blocks until it is there.
    ///
    /// - Parameters:
    ///   - name: in any case. Where several data sets have it, the first one serves, and a warning names it.
    ///   - layout: how columns become inputs and targets; a target or features that it names take the place of the
    ///     server's.
    /// - Throws: a ``CitiusData/DataError`` if there is no such data set, the server cannot be reached or answers
    ///   something else, the data are not those that it announced, or they do not fit the layout.
    public static func fetch(
        _ name: String, version: Int? = nil, layout: TableLayout = TableLayout(), options: Options = Options()
    ) throws(DataError) -> Dataset {
        let client = OpenMLClient(options)
        return try client.dataset(id: client.identifier(name.lowercased(), version), layout)
    }

    /// The data set of a number. See ``fetch(_:version:layout:options:)``.
    public static func fetch(
        id: Int, layout: TableLayout = TableLayout(), options: Options = Options()
    ) throws(DataError) -> Dataset {
        try OpenMLClient(options).dataset(id: id, layout)
    }
}

/// One user's way to a server and its cache.
struct OpenMLClient {
    private let options: OpenML.Options
    private let host: String
    /// The folder of this server's files.
    private let folder: String

    init(_ options: OpenML.Options) {
        self.options = options
        host = options.host.hasSuffix("/") ? String(options.host.dropLast()) : options.host
        // Two servers' data must not mix.
        let server = host.drop { $0 != "/" }.map { $0.isLetter || $0.isNumber || $0 == "." ? $0 : "_" }
        folder = (options.cache ?? userCache("openml")) + "/" + String(server).trimmingUnderscores
    }

    // MARK: Which data set

    /// The number of the data set of a name.
    func identifier(_ name: String, _ version: Int?) throws(DataError) -> Int {
        let shown = "\"\(name)\"" + (version.map { " of version \($0)" } ?? "")
        let query = "/api/v1/json/data/list/data_name/\(escaped(name))/limit/2"
        let list: JSON
        if let version {
            // Only the newest version of most data sets is active.
            let versioned = query + "/data_version/\(version)"
            let file = "name-\(fileName(name))-\(version).json"
            if let active = try answer(versioned, file, expecting: "data", orNil: 412) {
                list = active
            } else {
                list = try required(
                    versioned + "/status/deactivated", file, expecting: "data", "no data set \(shown)")
            }
        } else {
            list = try required(
                query + "/status/active/", "name-\(fileName(name)).json", expecting: "data",
                "no active data set \(shown)")
        }
        let found = list["data"]?["dataset"]?.array ?? []
        guard let first = found.first, let id = first["did"]?.looseInt else {
            throw unexpected("the list of data sets called \(shown)", "a number (did) of one")
        }
        if found.count > 1 {
            Console.warn(
                "OpenML has several data sets called \(shown); number \(id), of version "
                    + "\(first["version"]?.looseText ?? "?"), is used. Say which by OpenML.fetch(id:).")
        }
        return id
    }

    // MARK: The data set

    func dataset(id: Int, _ layout: TableLayout) throws(DataError) -> Dataset {
        let description = try required(
            "/api/v1/json/data/\(id)", "\(id).json", expecting: "data_set_description", "no data set \(id)")
        let features = try required(
            "/api/v1/json/data/features/\(id)", "\(id)-features.json", expecting: "data_features",
            "no features of the data set \(id)")
        let about: OpenMLDescription
        do throws(DataError) {
            about = try OpenMLDescription(description, features, id, host)
        } catch {
            // Answers that do not serve are asked for anew the next time.
            if !options.isOffline {
                for file in ["\(id).json", "\(id)-features.json"] { unlink("\(folder)/\(file)") }
            }
            throw error
        }
        let path = try file(about)
        return try about.read(path, layout)
    }

    /// The path of the data's file, downloaded if it is not there.
    private func file(_ about: OpenMLDescription) throws(DataError) -> String {
        let path = "\(folder)/\(about.id)-\(about.md5).arff"
        var download = DownloadOptions(
            timeout: options.timeout, tries: options.tries, progress: options.progress)
        download.delay = options.delay
        try FileDownload(
            address: about.address, path: path,
            expectation: FileDownload.Expectation(digest: (.md5, about.md5), source: "announced"),
            options: download, label: about.name
        ).run(checksWhole: true, isOffline: options.isOffline)
        return path
    }

    // MARK: Answers

    private func required(
        _ query: String, _ file: String, expecting key: String, _ absence: String
    ) throws(DataError) -> JSON {
        if let answer = try answer(query, file, expecting: key, orNil: 412) { return answer }
        throw DataError(
            .missing,
            "\(host) has \(absence) (status 412). Look for it on the server; versions and numbers change.")
    }

    /// An answer in JSON, from the cache or the server.
    ///
    /// - Parameters:
    ///   - file: its name in the cache.
    ///   - key: the one member that every such answer has.
    ///   - status: what gives nil.
    private func answer(
        _ query: String, _ file: String, expecting key: String, orNil status: Int
    ) throws(DataError) -> JSON? {
        let path = "\(folder)/\(file)"
        if let bytes = try? FileSource(path: path).readBytes(OpenMLTextReceiver.byteLimit),
            let json = try? JSON(parsing: bytes), json[key] != nil
        {
            return json
        }
        guard !options.isOffline else { throw missingOffline("the answer to \(query)", path) }
        let address = host + query
        let receiver = OpenMLTextReceiver(address)
        do throws(StatusFailure) {
            try trying(address) { () throws(TransferFailure) in
                try HTTPTransfer.run(address, timeout: options.timeout, into: receiver)
            }
        } catch {
            if error.status == status { return nil }
            throw error.error
        }
        let bytes = receiver.bytes
        let json: JSON
        do throws(JSON.ParsingError) {
            json = try JSON(parsing: bytes)
        } catch {
            throw DataError(
                .download,
                "\(address): the server's answer is no JSON at \(error). It may be out of order: try again later."
            )
        }
        guard json[key] != nil else { throw unexpected("the answer of \(address)", "a member \"\(key)\"") }
        try prepareFolder()
        let kept = try TemporaryFile(for: path)
        try kept.write(bytes)
        try kept.commit()
        return json
    }

    private func unexpected(_ what: String, _ expected: String) -> DataError {
        DataError(
            .download,
            "\(host): \(what) does not have \(expected). The server may have changed its interface.")
    }

    private func missingOffline(_ what: String, _ path: String) -> DataError {
        DataError(
            .missing,
            "\(path), \(what), is not in the cache, and the network is not to be used. Fetch the data set once "
                + "with isOffline: false.")
    }

    private func prepareFolder() throws(DataError) {
        do throws(WritingFailure) { try makeFolder(folder) } catch {
            throw DataError(.unwritable, error.description)
        }
    }

    // MARK: Tries

    private struct StatusFailure: Error {
        let status: Int?
        let error: DataError
    }

    /// Runs a transfer, and again where the network or the server did not hold out.
    private func trying(
        _ address: String, _ body: () throws(TransferFailure) -> Void
    ) throws(StatusFailure) {
        for attempt in 1... {
            do throws(TransferFailure) {
                return try body()
            } catch {
                let failure: StatusFailure
                var isWorthAnother = true
                switch error {
                case .refused(let error): throw StatusFailure(status: nil, error: error)
                case .network(let error): failure = StatusFailure(status: nil, error: error)
                case .status(let status, let body):
                    isWorthAnother = status >= 500
                    let reason =
                        (try? JSON(parsing: body))?["error"]?["message"]?.looseText.map { ": \($0)" } ?? ""
                    failure = StatusFailure(
                        status: status,
                        error: DataError(
                            .download,
                            "\(address): the server answered with status \(status)\(reason). "
                                + (isWorthAnother
                                    ? "It may be out of order: try again later."
                                    : "Check the name or number of the data set, and the host.")))
                }
                guard isWorthAnother, attempt < options.tries else {
                    guard attempt > 1 else { throw failure }
                    throw StatusFailure(
                        status: failure.status,
                        error: DataError(
                            failure.error.kind, "\(failure.error.message) (\(attempt) tries.)"))
                }
                usleep(UInt32(options.delay * 1e6))
            }
        }
    }
}

/// A text within an address.
private func escaped(_ text: String) -> String {
    text.utf8.map { byte in
        let character = Character(Unicode.Scalar(byte))
        if byte < 0x80, character.isLetter || character.isNumber || "-_.~".contains(character) {
            return String(character)
        }
        return "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
    }.joined()
}

/// A text as a part of a file's name: that of its address, short, without a place for folders.
private func fileName(_ text: String) -> String {
    let name = escaped(text)
    // Names of files end at 255 bytes.
    return name.utf8.count <= 150
        ? name : String(name.prefix(100)) + Digest.hexDigest(.md5, of: Array(text.utf8))
}

extension String {
    fileprivate var trimmingUnderscores: String {
        let trimmed = drop { $0 == "_" }
        return trimmed.isEmpty ? "server" : String(trimmed)
    }
}
