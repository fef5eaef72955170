import CitiusPlatform
import CitiusTensor

/// Writes the logs of each epoch as a line of a CSV file: the epoch from 0, then loss and metrics by their names'
/// alphabet.
///
/// ```swift
/// try model.fit(train, epochs: 10, callbacks: [CSVLogger("training.csv")], validationSplit: 0.1)
/// ```
///
/// The columns are those of the first epoch; a value that a later epoch lacks is `NA`. Where the first epoch has no
/// validation there are columns for one. Follows `keras.callbacks.CSVLogger`. In a training that goes on from a
/// `BackupAndRestore`, the file goes on where it was.
///
/// A file that cannot be written ends the training with an error that `fit` throws.
public final class CSVLogger: Callback, ResumableCallback {
    /// What it has gathered since the training began.
    public struct State: Codable, Sendable, Equatable {
        /// The columns behind that of the epoch; nil before the first line.
        public fileprivate(set) var columns: [String]?
        /// The file's bytes with all lines so far; nil before it is begun.
        public fileprivate(set) var byteCount: Int?
    }

    private let path: String
    private let separator: String
    private let append: Bool
    private var file: GrowingFile?

    public private(set) var state = State()

    /// - Parameters:
    ///   - path: the file.
    ///   - separator: what stands between the values.
    ///   - append: whether the file goes on, if it is there; else it is begun anew.
    ///
    /// Traps if the separator is not one character.
    public init(_ path: String, separator: String = ",", append: Bool = false) {
        require(
            separator.count == 1 && separator != "\"" && !separator.contains(where: \.isNewline),
            "CSVLogger: separator is \(separator.debugDescription), expected one character that is no quotation mark "
                + "and ends no line")
        self.path = path
        self.separator = separator
        self.append = append
    }

    public override func onTrainBegin() {
        file = nil
        state = State()
    }

    // Not as the training begins: only then is it known whether it goes on from a backup.
    public override func onEpochBegin(_ epoch: Int) {
        if file == nil { begin() }
    }

    public override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
        guard file != nil else { return }
        if state.columns == nil {
            var columns = logs.names.sorted()
            if !columns.contains(where: { $0.hasPrefix("val_") }) { columns += columns.map { "val_" + $0 } }
            state.columns = columns
        }
        if state.byteCount == 0 { write(["epoch"] + (state.columns ?? [])) }
        let values = state.columns?.map { name in logs.value(of: name).map { Self.text($0) } ?? "NA" }
        write(["\(epoch)"] + (values ?? []))
    }

    public override func onTrainEnd(logs: Scores) { file = nil }

    public func restore(_ state: State, tensors: [Tensor]) throws {
        guard state.byteCount ?? 0 >= 0 else {
            throw CallbackStateError(description: "a file cannot have \(state.byteCount ?? 0) bytes")
        }
        self.state = state
    }

    private func begin() {
        do throws(WritingFailure) {
            // Lines of after the backup are written anew.
            let file = try GrowingFile(path, keepingAtMost: state.byteCount ?? (append ? .max : 0))
            state.byteCount = file.byteCount
            self.file = file
        } catch {
            stop(with: error)
        }
    }

    private func write(_ values: [String]) {
        do throws(WritingFailure) {
            try file?.write(Array((values.map { quoted($0) }.joined(separator: separator) + "\r\n").utf8))
            state.byteCount = file?.byteCount
        } catch {
            stop(with: error)
        }
    }

    /// In quotation marks where it has to be, as Python's module `csv` does it.
    private func quoted(_ value: String) -> String {
        guard value.contains(where: { $0.isNewline || $0 == "\"" || separator.contains($0) }) else {
            return value
        }
        return "\"" + value.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
            + "\""
    }

    /// As Python prints it.
    private static func text(_ value: Double) -> String {
        value.isNaN ? "nan" : value.isInfinite ? (value < 0 ? "-inf" : "inf") : "\(value)"
    }
}
