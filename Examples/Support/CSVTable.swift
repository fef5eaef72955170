import Citius

/// A small table of text, from a file that has commas between values and names in its first line. Quotes have no
/// meaning.
public struct CSVTable {
    public let names: [String]
    public let rows: [[String]]
    private let path: String

    /// - Throws: a `DataError` if the file cannot be read, is empty, or has a line with more or fewer values than the
    ///   first.
    public init(contentsOf path: String) throws(DataError) {
        let lines = try TextFile.lines(of: path).map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map { String($0) }
        }
        guard let names = lines.first else {
            throw DataError(.empty, "\(path) is empty, expected names and values with commas between them.")
        }
        for (index, line) in lines.enumerated() where line.count != names.count {
            throw DataError(
                .malformed,
                "\(path), line \(index + 1): \(line.count) values, expected \(names.count) as in the first.")
        }
        (self.names, self.path) = (names, path)
        rows = Array(lines.dropFirst())
    }

    /// The values of a column.
    ///
    /// - Throws: a `DataError` if there is none of that name.
    public func column(_ name: String) throws(DataError) -> [String] {
        guard let index = names.firstIndex(of: name) else {
            throw DataError(
                .malformed,
                "\(path) has no column \(name), expected it among \(names.joined(separator: ", ")).")
        }
        return rows.map { $0[index] }
    }
}
