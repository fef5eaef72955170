import CitiusData
import CitiusTensor

/// What a mutated file may be given memory for.
private let fuzzByteLimit = 1 << 22

/// Reads mutated IDX files. Whatever the bytes: an error of the reader's own type, or a tensor within the limit.
public func fuzzIDX(inputs: Int, seed: UInt64) -> FuzzReport {
    let wholes: [[UInt8]] = [0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E].map { code in
        [0, 0, code, 2, 0, 0, 0, 3, 0, 0, 0, 2]
            + [UInt8](0..<48).prefix([8: 6, 9: 6, 11: 12, 14: 48][code] ?? 24)
    }
    return fuzzData(inputs: inputs, seed: seed, wholes) { bytes throws(DataError) in
        excess(try IDX.parse(bytes, upTo: fuzzByteLimit))
    }
}

/// Reads mutated `.npy` files. Whatever the bytes: an error, or a tensor that is written and read back as it was.
public func fuzzNPY(inputs: Int, seed: UInt64) -> FuzzReport {
    fuzzData(inputs: inputs, seed: seed, npyFiles) { bytes throws(DataError) in
        let tensor = try NPY.parse(bytes, upTo: fuzzByteLimit)
        if let failure = excess(tensor) { return failure }
        for order in [NPY.ByteOrder.littleEndian, .bigEndian] {
            for fortranOrder in [false, true] {
                let copy = try NPY.parse(
                    NPY.bytes(of: tensor, byteOrder: order, fortranOrder: fortranOrder))
                guard copy.shape == tensor.shape, NPY.bytes(of: copy) == NPY.bytes(of: tensor) else {
                    return "\(tensor.dtype) \(tensor.shape) changed"
                }
            }
        }
        return nil
    }
}

/// Reads mutated `.npz` files, changed as archives or in the files within. Whatever the bytes: errors, or tensors that
/// are written and read back as they were.
public func fuzzNPZ(inputs: Int, seed: UInt64) -> FuzzReport {
    let tensors: [(name: String, tensor: Tensor)] = [
        ("a", Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])), ("é", Tensor([true, false])),
        ("zeros", Tensor(zeros: [300], dtype: .int64)),
    ]
    var members = Mutation(random: SplitMix64(seed: seed &+ 1))
    let wholes = [false, true].flatMap { compressed in
        [NPZ.bytes(of: tensors, compressed: compressed), NPZ.bytes(of: [], compressed: compressed)]
    }
    func make(_ mutation: inout Mutation<SplitMix64>) -> [UInt8] {
        switch mutation.number(below: 3) {
        case 0: return mutation.mutated(wholes[mutation.number(below: wholes.count)])
        case 1: return mutation.withMutatedFields(wholes[mutation.number(below: wholes.count)])
        default:
            // Within a member, whose checksum is kept right, so that what lies behind that check is reached.
            let member = members.mutated(npyFiles[mutation.number(below: npyFiles.count)])
            return zipArchive([("a.npy", member)], compressed: mutation.number(below: 2) == 0)
        }
    }
    return fuzzData(inputs: inputs, seed: seed, make) { bytes throws(DataError) in
        let file = try NPZ(bytes: bytes, upTo: fuzzByteLimit)
        var tensors: [(name: String, tensor: Tensor)] = []
        for name in file.names { tensors.append((name, try file.tensor(named: name))) }
        for (_, tensor) in tensors { if let failure = excess(tensor) { return failure } }
        let copy = try NPZ(bytes: NPZ.bytes(of: tensors, compressed: true))
        for (name, tensor) in tensors {
            guard NPY.bytes(of: try copy.tensor(named: name)) == NPY.bytes(of: tensor) else {
                return "\(name) changed"
            }
        }
        return nil
    }
}

/// Files of every type of elements, in both byte orders and both orders of axes.
private let npyFiles: [[UInt8]] = {
    let numbers: [Tensor] = [
        Tensor([1, -0.0, .infinity, 4, 5, 6] as [Float], shape: [2, 3]), Tensor([0.1, -1e300]),
        Tensor([1, -1, .max, .min] as [Int32], shape: [2, 1, 2]), Tensor(Int64.min),
        Tensor([1, 2, 255] as [UInt8]), Tensor([true, false], shape: [1, 2]), Tensor(zeros: [0, 4]),
    ]
    var files = numbers.flatMap { tensor in
        [
            NPY.bytes(of: tensor),
            NPY.bytes(of: tensor, byteOrder: .bigEndian, fortranOrder: true),
        ]
    }
    for (descr, width) in [
        ("<f2", 2), (">i2", 2), ("<u2", 2), ("|i1", 1), ("<u4", 4), ("<u8", 8), ("|S3", 3), ("<U2", 8),
    ] {
        files.append(
            npyFile(
                "{'descr': '\(descr)', 'fortran_order': True, 'shape': (2, 3), }",
                (0..<6 * width).map { $0 % 4 == 0 ? UInt8(65 + $0) : 0 }))
    }
    return files
}()

/// A `.npy` file of a header that may be wrong.
public func npyFile(_ header: String, _ elements: [UInt8] = [], version: UInt8 = 1) -> [UInt8] {
    let text = Array((header + "\n").utf8)
    let length = (0..<(version == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + length + text + elements
}

/// What reading mutated bytes of data gives.
///
/// - Parameters:
///   - make: changes bytes at random.
///   - read: says what is wrong with what was read; nil if nothing is.
public func fuzzData(
    inputs: Int, seed: UInt64, _ make: (inout Mutation<SplitMix64>) -> [UInt8],
    read: ([UInt8]) throws(DataError) -> String?
) -> FuzzReport {
    var report = FuzzReport()
    var mutation = Mutation(random: SplitMix64(seed: seed))
    for index in 0..<inputs {
        do throws(DataError) {
            if let failure = try read(make(&mutation)) {
                report.failures.append("input \(index): \(failure)")
            }
            report.accepted += 1
        } catch {
            report.refuse(error.kind)
        }
    }
    return report
}

/// As above, of mutated files.
func fuzzData(
    inputs: Int, seed: UInt64, _ wholes: [[UInt8]], read: ([UInt8]) throws(DataError) -> String?
) -> FuzzReport {
    fuzzData(
        inputs: inputs, seed: seed, { $0.mutated(wholes[$0.number(below: wholes.count)]) }, read: read)
}

private func excess(_ tensor: Tensor) -> String? {
    let byteCount = tensor.count * tensor.dtype.byteCount
    return byteCount <= fuzzByteLimit ? nil : "\(byteCount) bytes, beyond the limit"
}

/// Reads mutated ARFF files by every layout. Whatever the bytes: an error, or as many inputs as targets.
public func fuzzARFF(inputs: Int, seed: UInt64) -> FuzzReport {
    let wholes = [
        """
        % c
        @relation 'a b'
        @attribute "x y" numeric
        @attribute b {red,'dark blue',"a,b"}
        @attribute n integer
        @attribute class {0,1}
        @data
        1.5,red,3,0
        ?,'dark blue',-4,1
        {0 2e3, 1 "a,b", 3 1}
        { }
        """,
        "@RELATION r\r\n@ATTRIBUTE s string\r\n@attribute a real\r\n@attribute c date 'yyyy'\r\n@attribute t real\r\n"
            + "@DATA\r\n'a\\'b',0.25,\"2020\",12\r\n?,255,?,7\r\n",
    ].map { Array($0.utf8) }
    var layouts = Mutation(random: SplitMix64(seed: seed &+ 1))
    return fuzzData(inputs: inputs, seed: seed, wholes) { bytes throws(DataError) in
        tableFailure(try ARFF.parse(bytes, layout: fuzzLayout(&layouts), upTo: fuzzByteLimit))
    }
}

/// Reads mutated CSV files by every layout, into memory and as streams. Whatever the bytes: an error, or as many inputs
/// as targets.
public func fuzzCSV(inputs: Int, seed: UInt64) -> FuzzReport {
    let wholes = [
        "x y,b,n,class\n1.5,red,3,u\n,\"dark \"\"blue\"\"\",-4,v\n2e3,\"a,\r\nb\",NA,u\n",
        "\u{FEFF}a,b\r\n1,0\r\n\r\n255,7\r\nnan,8\r\n", "1;2\n3;\"4\"", "b\n\"\n\n\"\nx\ny",
    ].map { Array($0.utf8) }
    var layouts = Mutation(random: SplitMix64(seed: seed &+ 1))
    return fuzzData(inputs: inputs, seed: seed, wholes) { bytes throws(DataError) in
        let options = CSV.Options(
            delimiter: layouts.number(below: 3) == 0 ? ";" : ",", hasHeader: layouts.number(below: 4) > 0,
            kinds: layouts.number(below: 8) == 0 ? ["b": .category(["red", "x"])] : [:],
            categoryLimit: layouts.number(below: 4), inferenceRows: layouts.number(below: 2) == 0 ? nil : 1)
        var layout = fuzzLayout(&layouts)
        if layouts.number(below: 4) == 0 { layout.texts = ["b"] }
        return tableFailure(try CSV.parse(bytes, layout: layout, options: options, upTo: fuzzByteLimit))
    }
}

private func fuzzLayout(_ mutation: inout Mutation<SplitMix64>) -> TableLayout {
    let missing: [MissingValues] = [.refused, .dropped, .kept, .replaced(by: 0.5), .mean]
    return TableLayout(
        target: [nil, nil, "b", "x y"][mutation.number(below: 4)], oneHot: mutation.number(below: 2) == 0,
        missing: missing[mutation.number(below: 5)],
        dtype: mutation.number(below: 2) == 0 ? .float32 : .float64)
}

private func tableFailure(_ data: Dataset) -> String? {
    guard
        data.metadata.featureNames.isEmpty
            || data.inputs.shape == [data.count, data.metadata.featureNames.count]
    else {
        return "inputs of shape \(data.inputs.shape) for \(data.metadata.featureNames.count) names"
    }
    if !data.metadata.classNames.isEmpty, data.count > 0 {
        do throws(DataError) {
            try data.validateLabels(classCount: data.metadata.classNames.count)
        } catch {
            return "\(error)"
        }
    }
    return excess(data.storedInputs)
}
