import CitiusConfiguration
import CitiusData

/// What the server says of a data set. All of its numbers and truths may be strings.
struct OpenMLDescription {
    let id: Int
    let name: String
    let version: String
    let licence: String
    /// Where the data are.
    let address: String
    let md5: String
    private let host: String
    private let columns: [Column]

    private struct Column {
        let name: String
        let isTarget: Bool
        /// Whether it is no feature: to be ignored, or a number of the row.
        let isLeftOut: Bool
    }

    init(_ description: JSON, _ features: JSON, _ id: Int, _ host: String) throws(DataError) {
        func fault(_ what: String) -> DataError {
            DataError(.download, "\(host): the data set \(id) \(what).")
        }
        guard let about = description["data_set_description"], let address = about["url"]?.looseText else {
            throw fault("has no address of its data (url), so that it cannot be fetched")
        }
        let format = about["format"]?.looseText?.lowercased() ?? "?"
        guard format == "arff" || format == "sparse_arff" else {
            throw DataError(
                .unsupportedType,
                "\(host): the data set \(id) is in the format \"\(format)\", expected ARFF or Sparse_ARFF. Another version of it "
                    + "may be.")
        }
        // Its characters go into a file's name.
        guard let md5 = about["md5_checksum"]?.looseText?.lowercased(), md5.utf8.count == 32,
            md5.allSatisfy({ $0.isHexDigit && $0.isASCII })
        else { throw fault("has no MD5, so that what arrives could not be checked") }
        self.id = id
        self.host = host
        self.address = address
        self.md5 = md5
        name = about["name"]?.looseText ?? "\(id)"
        version = about["version"]?.looseText ?? "?"
        licence = about["licence"]?.looseText ?? ""
        var columns: [(index: Int, column: Column)] = []
        for feature in features["data_features"]?["feature"]?.array ?? [] {
            guard let index = feature["index"]?.looseInt, let name = feature["name"]?.looseText else {
                throw fault("has a feature without an index or a name")
            }
            columns.append(
                (
                    index,
                    Column(
                        name: name, isTarget: feature["is_target"]?.looseBool == true,
                        isLeftOut: feature["is_ignore"]?.looseBool == true
                            || feature["is_row_identifier"]?.looseBool == true)
                ))
        }
        columns.sort { $0.index < $1.index }
        guard !columns.isEmpty, columns.map(\.index) == Array(0..<columns.count) else {
            throw fault("has \(columns.count) features whose indices do not go from 0 on")
        }
        self.columns = columns.map(\.column)
    }

    /// Reads the data, whose file is there.
    func read(_ path: String, _ layout: TableLayout) throws(DataError) -> Dataset {
        let kinds = try ARFF.columns(contentsOf: path)
        guard kinds.count == columns.count else {
            throw DataError(
                .malformed,
                "\(host): the data set \(id) has \(kinds.count) columns in its file and \(columns.count) by the server's "
                    + "description.")
        }
        // The server's names are without the quotes and escapes of the file's.
        let named = zip(columns, kinds).map { TableColumn(name: $0.name, kind: $1.kind) }
        let targets: [Int]
        if layout.target != nil {
            targets = []
        } else {
            targets = columns.indices.filter { columns[$0].isTarget }
            guard !targets.isEmpty else {
                throw DataError(
                    .missing,
                    "\(host): the data set \(id) has no target of its own. Name one by layout: TableLayout(target:)."
                )
            }
        }
        let features = columns.indices.filter {
            !columns[$0].isTarget && !columns[$0].isLeftOut && named[$0].kind != .text
                && named[$0].name != layout.target
        }
        return try ARFF.read(
            contentsOf: path, columns: named, targets: targets, features: features, layout: layout,
            metadata: Metadata(
                name: "\(name) (version \(version))", source: "\(host)/d/\(id)", licence: licence,
                origin: "OpenML \(id), \(path)"))
    }
}

extension JSON {
    /// A text, or a number as one.
    var looseText: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .number(let number): "\(number)"
        default: nil
        }
    }

    var looseInt: Int? { looseText.flatMap { Int($0) } }

    var looseBool: Bool? {
        switch self {
        case .bool(let truth): truth
        case .string("true"), .string("1"), .integer(1): true
        case .string("false"), .string("0"), .integer(0): false
        default: nil
        }
    }
}
