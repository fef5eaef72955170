import CitiusPlatform
import CitiusTensor

extension Dataset {
    /// Looks the samples over before a training: numbers that are none, labels out of range, samples that say nothing or
    /// come twice, classes of very different sizes, and samples that are in the validation's data too.
    ///
    /// ```swift
    /// print(train.validated(against: test))
    /// try train.validated(classCount: 10).check()
    /// ```
    ///
    /// ```
    /// Fashion-MNIST: 60,000 samples, 10 classes
    /// warning: 43 samples repeat the inputs of others, such as 14233 those of 3407.
    /// fault: 10 samples of the validation have the inputs of training samples, such as 1250 those of 26031.
    /// ```
    ///
    /// Reads all samples once, batch by batch. Samples are compared by a hash of 128 bits of their inputs as a model gets
    /// them.
    ///
    /// - Parameters:
    ///   - validation: samples that must not be among these. Traps if they have inputs of other shapes.
    ///   - classCount: how many classes labels have; nil: as many as `metadata` names, and if it names none, labels are
    ///     not looked at.
    public func validated(against validation: Dataset? = nil, classCount: Int? = nil) -> DataReport {
        var report = DataReport(
            name: metadata.name.isEmpty ? "The data set" : metadata.name, count: count, findings: [])
        guard count > 0 else {
            report.add(.empty, [], "there are no samples")
            return report
        }
        let names = metadata.classNames.count
        let classes = classCount ?? (names > 0 ? names : nil)
        addLabels(classes, to: &report)
        let hashes = addContents(to: &report)
        addDuplicates(hashes, to: &report)
        if let validation {
            require(
                validation.inputShapes == inputShapes,
                "validated: the validation's inputs have shapes \(validation.inputShapes), expected \(inputShapes)"
            )
            addLeakage(hashes, validation, to: &report)
        }
        return report
    }

    private func addLabels(_ classes: Int?, to report: inout DataReport) {
        let held = heldTargets[0]
        guard let classes, held.count == held.shape[0], held.dtype != .bool else { return }
        var counts = [Int](repeating: 0, count: classes)
        var wrong: [Int] = []
        for (sample, label) in targets.cast(to: .float64).elements(as: Double.self).enumerated() {
            if label >= 0, label < Double(classes), label == label.rounded() {
                counts[Int(label)] += 1
            } else {
                wrong.append(sample)
            }
        }
        report.classCounts = counts
        report.add(.labels, wrong, "have labels outside of 0..<\(classes)")
        func name(_ label: Int) -> String {
            label < metadata.classNames.count ? "\"\(metadata.classNames[label].prefix(60))\"" : "\(label)"
        }
        let absent = counts.indices.filter { counts[$0] == 0 }
        if !absent.isEmpty, absent.count < classes {
            report.findings.append(
                DataReport.Finding(
                    kind: .imbalance, samples: [],
                    message:
                        "\(absent.count) of \(classes) classes have no samples, such as \(name(absent[0]))"))
        }
        let present = counts.indices.filter { counts[$0] > 0 }
        if let least = present.min(by: { counts[$0] < counts[$1] }),
            let most = present.max(by: { counts[$0] < counts[$1] }),
            counts[most] >= DataReport.imbalance * counts[least]
        {
            report.findings.append(
                DataReport.Finding(
                    kind: .imbalance, samples: [],
                    message:
                        "class \(name(most)) has \(counts[most]) samples and class \(name(least)) \(counts[least]); "
                        + "weigh them (balancedClassWeights) or sample them evenly (balancedSampleWeights)"))
        }
    }

    /// What is wrong with single samples.
    ///
    /// - Returns: a hash of each one's inputs.
    private func addContents(to report: inout DataReport) -> [ContentHash] {
        var hashes: [ContentHash] = []
        var (notFinite, constant, badTargets, badWeights): ([Int], [Int], [Int], [Int]) = ([], [], [], [])
        let elements = inputShapes.reduce(0) { $0 + $1.count }
        forEachBatch { start, batch in
            let contents = batch.contents()
            hashes += contents.hashes
            notFinite += contents.notFinite.map { start + $0 }
            if elements > 1 { constant += contents.constant.map { start + $0 } }
            for target in batch.allTargets { badTargets += target.notFiniteRows.map { start + $0 } }
            badWeights += batch.sampleWeights?.notFiniteRows.map { start + $0 } ?? []
        }
        report.add(.notFinite, notFinite, "have NaN or infinite inputs")
        report.add(.notFinite, badTargets, "have NaN or infinite targets")
        report.add(.notFinite, badWeights, "have NaN or infinite weights")
        report.add(.constant, constant, "are constant: all of their inputs are one number")
        return hashes
    }

    private func addDuplicates(_ hashes: [ContentHash], to report: inout DataReport) {
        var first: [ContentHash: Int] = [:]
        var repeated: [Int] = []
        var example = (0, 0)
        var contradicting: [Int] = []
        let labels = heldTargets[0].count == heldTargets[0].shape[0] ? targets.cast(to: .float64) : nil
        let values = labels?.elements(as: Double.self)
        for (sample, hash) in hashes.enumerated() {
            guard let other = first[hash] else {
                first[hash] = sample
                continue
            }
            if repeated.isEmpty { example = (sample, other) }
            repeated.append(sample)
            if let values, values[sample] != values[other] { contradicting.append(sample) }
        }
        report.add(
            .duplicates, repeated,
            "repeat the inputs of others, such as \(example.0) those of \(example.1)", listsSamples: false)
        report.add(.contradictions, contradicting, "repeat the inputs of others under another target")
    }

    private func addLeakage(_ hashes: [ContentHash], _ validation: Dataset, to report: inout DataReport) {
        var known: [ContentHash: Int] = [:]
        for (sample, hash) in hashes.enumerated() { known[hash] = known[hash] ?? sample }
        var leaked: [Int] = []
        var example = (0, 0)
        validation.forEachBatch { start, batch in
            for (index, hash) in batch.contents().hashes.enumerated() {
                guard let other = known[hash] else { continue }
                if leaked.isEmpty { example = (start + index, other) }
                leaked.append(start + index)
            }
        }
        report.add(
            .leakage, leaked,
            "of the validation have the inputs of training samples, such as \(example.0) those of \(example.1)",
            listsSamples: false)
    }

    private func forEachBatch(_ body: (_ start: Int, _ batch: Batch) -> Void) {
        var start = 0
        for batch in batched(256) {
            body(start, batch)
            start += batch.count
        }
    }
}

/// What looking a data set over found. See ``Dataset/validated(against:classCount:)``.
public struct DataReport: Sendable, CustomStringConvertible {
    /// What may be wrong with data.
    public enum Kind: Sendable, CaseIterable {
        /// There are no samples.
        case empty
        /// Inputs, targets or weights that are NaN or infinite.
        case notFinite
        /// Labels of no class.
        case labels
        /// Samples that are in the validation's data too, so that it promises too much.
        case leakage
        /// Samples whose inputs are one number, such as an empty picture.
        case constant
        /// Samples whose inputs are those of others.
        case duplicates
        /// Samples whose inputs are those of others, and their targets are not.
        case contradictions
        /// Classes of very different sizes, or without samples.
        case imbalance

        /// Whether a training should not begin with it.
        public var isFault: Bool {
            switch self {
            case .empty, .notFinite, .labels, .leakage: true
            case .constant, .duplicates, .contradictions, .imbalance: false
            }
        }
    }

    public struct Finding: Sendable {
        public let kind: Kind
        /// The samples that it is about, in order.
        public let samples: [Int]
        /// A sentence without its end.
        public let message: String
    }

    /// The data set's name.
    public let name: String
    /// The number of samples.
    public let count: Int
    /// The samples of each class; empty where labels were not looked at.
    public internal(set) var classCounts: [Int] = []
    public internal(set) var findings: [Finding]

    /// How many times as large the largest class is as the smallest when that is worth a word.
    static let imbalance = 10

    /// What a training should not begin with.
    public var faults: [Finding] { findings.filter { $0.kind.isFault } }

    /// Throws if there are faults.
    ///
    /// - Parameter kinds: what is known and accepted.
    /// - Throws: a ``DataError`` that lists the faults.
    public func check(except kinds: Set<Kind> = []) throws(DataError) {
        let faults = faults.filter { !kinds.contains($0.kind) }
        guard let first = faults.first else { return }
        let kind: DataError.Kind =
            switch first.kind {
            case .empty: .empty
            case .labels: .invalidLabel
            default: .malformed
            }
        throw DataError(kind, "\(name): \(faults.map(\.message).joined(separator: "; ")).")
    }

    mutating func add(_ kind: Kind, _ samples: [Int], _ message: String, listsSamples: Bool = true) {
        guard kind == .empty || !samples.isEmpty else { return }
        let shown =
            samples.prefix(5).map { "\($0)" }.joined(separator: ", ") + (samples.count > 5 ? ", …" : "")
        let list = listsSamples && !samples.isEmpty ? " (\(shown))" : ""
        let number = samples.count == 1 ? "1 sample " : "\(samples.count) samples "
        findings.append(
            Finding(
                kind: kind, samples: samples,
                message: kind == .empty ? message : number + message + list))
    }

    public var description: String {
        let classes = classCounts.isEmpty ? "" : ", \(classCounts.count) classes"
        let lines = findings.map { "\($0.kind.isFault ? "fault" : "warning"): \($0.message)." }
        return (["\(name): \(count) samples\(classes)"] + (lines.isEmpty ? ["nothing found"] : lines)).joined(
            separator: "\n")
    }
}

/// 128 bits of what a sample's inputs are.
private struct ContentHash: Hashable {
    private var low: UInt64 = 0x9E37_79B9_7F4A_7C15
    private var high: UInt64 = 0xD1B5_4A32_D192_ED03

    /// Two multiplicative hashes with odd constants of their own, finished by shifts.
    mutating func add(_ word: UInt64) {
        low = (low ^ word) &* 0xFF51_AFD7_ED55_8CCD
        low ^= low >> 32
        high = (high &+ word) &* 0xC4CE_B9FE_1A85_EC53
        high ^= high >> 29
    }
}

extension Batch {
    /// The samples whose inputs are not finite, those whose inputs are one number, and a hash of each one's inputs.
    fileprivate func contents() -> (hashes: [ContentHash], notFinite: [Int], constant: [Int]) {
        var hashes = [ContentHash](repeating: ContentHash(), count: count)
        var isFinite = [Bool](repeating: true, count: count)
        var isConstant = isFinite
        var first = [Double](repeating: .nan, count: count)
        for (part, input) in allInputs.enumerated() {
            func read<T: Scalar>(_ type: T.Type, _ double: (T) -> Double) {
                let width = input.rowCount
                input.withElements { (elements: UnsafePointer<T>) in
                    for sample in 0..<count {
                        var hash = hashes[sample]
                        if part == 0, width > 0 { first[sample] = double(elements[sample * width]) }
                        for element in sample * width..<(sample + 1) * width {
                            let number = double(elements[element])
                            // 0 and -0 are one number.
                            hash.add(number == 0 ? 0 : number.bitPattern)
                            if !number.isFinite { isFinite[sample] = false }
                            if number != first[sample] { isConstant[sample] = false }
                        }
                        hashes[sample] = hash
                    }
                }
            }
            switch input.dtype {
            case .float32: read(Float.self) { Double($0) }
            case .float64: read(Double.self) { $0 }
            case .int32: read(Int32.self) { Double($0) }
            case .int64: read(Int64.self) { Double($0) }
            case .int8: read(Int8.self) { Double($0) }
            case .uint8: read(UInt8.self) { Double($0) }
            case .bool: read(Bool.self) { $0 ? 1 : 0 }
            }
        }
        return (
            hashes, isFinite.indices.filter { !isFinite[$0] },
            isConstant.indices.filter { isConstant[$0] && isFinite[$0] }
        )
    }
}

extension Tensor {
    /// The rows that hold NaN or infinities.
    fileprivate var notFiniteRows: [Int] {
        guard dtype.isFloatingPoint else { return [] }
        let numbers = cast(to: .float64).elements(as: Double.self)
        let width = rowCount
        return (0..<shape[0]).filter { row in
            numbers[row * width..<(row + 1) * width].contains { !$0.isFinite }
        }
    }
}
