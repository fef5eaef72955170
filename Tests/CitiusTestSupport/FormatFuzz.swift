import CitiusConfiguration
import CitiusFormats
import CitiusTensor

/// What a reader made of mutated files.
public struct FuzzReport: Sendable, CustomStringConvertible {
    public var accepted = 0
    /// Errors by kind.
    public var refusals: [String: Int] = [:]
    /// What should not have been: each is a defect.
    public var failures: [String] = []

    public init() {}

    public mutating func refuse(_ kind: Any) { refusals["\(kind)", default: 0] += 1 }

    public var description: String {
        let kinds = refusals.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" }
        return (["accepted \(accepted)"] + kinds + failures.prefix(20).map { "DEFECT \($0)" }).joined(
            separator: "\n")
    }
}

/// Reads mutated safetensors files. Whatever the bytes: an error of the reader's own type, or tensors that are written
/// and read back as they were.
public func fuzzSafetensors(inputs: Int, seed: UInt64) -> FuzzReport {
    var report = FuzzReport()
    var mutation = Mutation(random: SplitMix64(seed: seed))
    let tensors: [(name: String, tensor: Tensor)] = [
        ("a", Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])),
        ("dense/kernel", Tensor([0.5] as [Double])),
        ("é", Tensor(3 as Int64)), ("int", Tensor([1, -1] as [Int32])), ("none", Tensor(zeros: [0, 4])),
        ("bytes", Tensor([1, 2, 255] as [UInt8])), ("truth", Tensor([true, false])),
    ]
    let wholes = [
        Safetensors.bytes(of: []), Safetensors.bytes(of: [], metadata: [("a", "b")]),
        Safetensors.bytes(of: Array(tensors.prefix(1))),
        Safetensors.bytes(of: tensors, metadata: [("format", "pt"), ("text", "a\"\\\n😀")]),
        safetensors(
            header: #"{"half":{"dtype":"F16","shape":[2],"data_offsets":[0,4]},"#
                + #""b":{"dtype":"BF16","shape":[1,1],"data_offsets":[4,6]},"#
                + #""q":{"dtype":"I8","shape":[2],"data_offsets":[6,8]}}"#,
            data: [0, 0x3C, 1, 0x80, 0x80, 0x3F, 1, 2]),
        // Tensors that share bytes, leave some out, or share a name: few mutations of a good file come there.
        safetensors(
            header: #"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"#
                + #""b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}"#,
            data: [1, 2, 3, 4, 5, 6]),
        safetensors(
            header: #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"#
                + #""b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]}}"#,
            data: [1, 2, 3, 4, 5, 6]),
        safetensors(
            header: #"{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},"#
                + #""a":{"dtype":"U8","shape":[],"data_offsets":[1,2]}}"#,
            data: [1, 2]),
    ]
    for index in 0..<inputs {
        let whole = wholes[mutation.number(below: wholes.count)]
        var bytes: [UInt8]
        if mutation.number(below: 4) > 0, whole.count > 8 {
            // Within the header, whose length is kept right, so that what lies behind that check is reached.
            let length = whole[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
            let header = mutation.mutated(Array(whole[8..<8 + length]))
            bytes = safetensors(header: header, data: Array(whole[(8 + length)...]))
        } else {
            bytes = mutation.mutated(whole)
        }
        do throws(SafetensorsError) {
            let file = try Safetensors(bytes: bytes)
            report.accepted += 1
            if let failure = try rewritingFailure(file) {
                report.failures.append("input \(index): \(failure)")
            }
        } catch {
            report.refuse(error.kind)
        }
    }
    return report
}

/// What is lost when a file is written again; nil if nothing is.
private func rewritingFailure(_ file: Safetensors) throws(SafetensorsError) -> String? {
    var tensors: [(name: String, tensor: Tensor)] = []
    for name in file.names {
        do throws(SafetensorsError) {
            tensors.append((name, try file.tensor(named: name)))
        } catch {
            guard error.kind == .unsupportedType else { throw error }
            guard try file.rawBytes(named: name).count == file[name]?.byteCount else {
                return "\(name) is cut short"
            }
        }
    }
    let copy = try Safetensors(
        bytes: Safetensors.bytes(of: tensors, metadata: file.metadata.map { ($0, $1) }))
    guard copy.metadata == file.metadata else { return "the metadata changed" }
    guard copy.names.count == tensors.count else { return "tensors got lost" }
    for (name, tensor) in tensors {
        let read = try copy.tensor(named: name)
        guard read.shape == tensor.shape, read.dtype == tensor.dtype,
            Safetensors.bytes(of: [("", read)]) == Safetensors.bytes(of: [("", tensor)])
        else { return "\(name) changed" }
    }
    return nil
}

/// A safetensors file of a header that may be wrong.
public func safetensors(header: String, data: [UInt8] = []) -> [UInt8] {
    safetensors(header: Array(header.utf8), data: data)
}

/// A safetensors file of a header that may be wrong.
public func safetensors(header: [UInt8], data: [UInt8]) -> [UInt8] {
    withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header + data
}

/// Reads mutated JSON texts. Whatever the bytes: an error, or a value that is written and read back as it was.
public func fuzzJSON(inputs: Int, seed: UInt64) -> FuzzReport {
    var report = FuzzReport()
    var mutation = Mutation(random: SplitMix64(seed: seed))
    let whole = Array(
        #"{"a": [1, -2.5e3, "x\ud83d\ude00é"], "b": {"c": null, "d": [true, false]}, "e": 1e-7, "f": [[], {}]}"#
            .utf8)
    for index in 0..<inputs {
        do throws(JSON.ParsingError) {
            let value = try JSON(parsing: mutation.mutated(whole))
            report.accepted += 1
            let copies = [try JSON(parsing: value.text()), try JSON(parsing: value.text(.pretty))]
            if copies != [value, value] {
                report.failures.append("input \(index): \(value) changed")
            }
        } catch {
            report.refuse(error.kind)
        }
    }
    return report
}
