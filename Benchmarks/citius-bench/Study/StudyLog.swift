import Citius
import CitiusExampleSupport
import CitiusPlatform
import CitiusTechniques

/// The runs of a study as they come in, in a file that a later call goes on from: a line of JSON each.
final class StudyLog {
    struct Entry: Codable {
        /// The study's settings; runs of other settings are passed over.
        let study: String
        let run: String
        let trial: TimeTrial
    }

    private let path: String
    private let study: String
    private var done: [String: TimeTrial] = [:]

    /// - Parameter startsAnew: whether what the file holds is forgotten.
    init(_ path: String, study: String, startsAnew: Bool) throws {
        (self.path, self.study) = (path, study)
        if startsAnew { unlink(path) }
        guard let data = FileManager.default.contents(atPath: path) else { return }
        let decoder = JSONDecoder()
        decoder.nonConformingFloatDecodingStrategy = .convertFromString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        for line in data.split(separator: UInt8(ascii: "\n")) {
            // The last line may be half a one, of a study that was killed.
            guard let entry = try? decoder.decode(Entry.self, from: Data(line)), entry.study == study
            else { continue }
            done[entry.run] = entry.trial
        }
    }

    /// For times that are infinite.
    static var encoder: JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        encoder.nonConformingFloatEncodingStrategy = .convertToString(
            positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
        return encoder
    }

    /// How many runs it knows.
    var count: Int { done.count }

    subscript(run: String) -> TimeTrial? { done[run] }

    func add(_ trial: TimeTrial, run: String) throws {
        done[run] = trial
        let line = try Self.encoder.encode(Entry(study: study, run: run, trial: trial)) + Data("\n".utf8)
        guard let file = fopen(path, "a") else {
            throw DataError(.unwritable, "\(path) cannot be written; name another file with --log.")
        }
        defer { fclose(file) }
        let written = line.withUnsafeBytes { fwrite($0.baseAddress, 1, $0.count, file) }
        guard written == line.count else { throw DataError(.unwritable, "\(path) cannot be written.") }
    }
}
