import CitiusFormats
import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusData
@testable import CitiusTensor

/// Data that lie in mapped files, in whatever form their elements are.
@Suite struct MappedArrayTests {
    private let numbers: [Double] = (0..<60).map { Double($0 * 37 % 251) }

    /// Files of 12 samples [5] that hold the same numbers, of every type of elements that can be mapped.
    private func arrays(in folder: String) throws -> [(name: String, array: MappedArray, whole: Tensor)] {
        var arrays: [(String, MappedArray, Tensor)] = []
        let values = Tensor(numbers, shape: [12, 5])
        for dtype in [DType.uint8, .int32, .int64, .float32, .float64] {
            for order in [NPY.ByteOrder.littleEndian, .bigEndian] {
                let path = "\(folder)/\(dtype)-\(order).npy"
                try NPY.write(values.cast(to: dtype), to: path, byteOrder: order)
                arrays.append((path, try NPY.mapArray(contentsOf: path), try NPY.read(contentsOf: path)))
            }
            if dtype != .int64 {
                let path = "\(folder)/\(dtype).idx"
                try IDX.write(values.cast(to: dtype), to: path)
                arrays.append((path, try IDX.mapArray(contentsOf: path), try IDX.read(contentsOf: path)))
            }
        }
        // Halves of whole numbers below 2048 are exact.
        func half(_ number: Int) -> [UInt8] {
            let bits = Float16(number).bitPattern
            return [UInt8(bits >> 8), UInt8(bits & 255)]
        }
        let kinds: [(String, (Int) -> [UInt8])] = [
            ("<i2", { [UInt8($0), 0] }), (">u2", { [0, UInt8($0)] }), ("|i1", { [UInt8($0 % 128)] }),
            ("<u4", { [UInt8($0), 0, 0, 0] }), ("|b1", { [UInt8($0 % 3)] }), (">f2", half),
        ]
        for (descr, bytes) in kinds {
            let path = "\(folder)/\(descr.dropFirst()).npy"
            let header = "{'descr': '\(descr)', 'fortran_order': False, 'shape': (12, 5), }"
            try write(npyFile(header, numbers.flatMap { bytes(Int($0)) }), to: path)
            arrays.append((path, try NPY.mapArray(contentsOf: path), try NPY.read(contentsOf: path)))
        }
        // No element lies at a multiple of its size: the header is padded to a multiple of 4, and a byte follows.
        let path = folder + "/odd.safetensors"
        let header =
            #"{"x":{"dtype":"F32","shape":[12,5],"data_offsets":[1,241]},"b":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#
        let floats = numbers.flatMap { number in
            withUnsafeBytes(of: Float(number).bitPattern.littleEndian) { Array($0) }
        }
        let padding = String(repeating: " ", count: 3 - (header.utf8.count + 3) % 4)
        try write(safetensors(header: header + padding, data: [0] + floats), to: path)
        let file = try Safetensors(contentsOf: path)
        arrays.append((path, try file.mappedArray(named: "x"), try file.tensor(named: "x")))
        return arrays
    }

    @Test func arraysOfEveryTypeGiveTheirRows() throws {
        try withTemporaryFolder { folder in
            for (name, array, whole) in try arrays(in: folder) {
                #expect(array.shape == [12, 5] && array.dtype == whole.dtype, "\(name)")
                #expect(array.tensor == whole, "\(name)")
                #expect(array[3..<7] == whole[3..<7], "\(name)")
                let isNative = array.encoding == nil
                #expect(
                    isNative == (name.contains("uint8") || name.contains("littleEndian")), "\(name)")
            }
        }
    }

    /// What a model gets, in batches, scaled, shuffled, prefetched, in subsets, is what it gets of data in memory.
    @Test func aMappedDatasetIsOneInMemory() throws {
        try withTemporaryFolder { folder in
            for (name, array, whole) in try arrays(in: folder) where whole.dtype != .bool {
                let targets = Tensor(range: 0..<12)
                let memory = Dataset(inputs: whole, targets: targets)
                let mapped = Dataset(inputs: array, targets: targets)
                #expect(mapped.description == memory.description)
                #expect(mapped.storedInputs == memory.storedInputs, "\(name)")
                for (a, b) in [
                    (memory, mapped), (memory.scaled(by: 1 / 3), mapped.scaled(by: 1 / 3)),
                    (memory.reshaped([5, 1]), mapped.reshaped([5, 1])),
                    (memory.subset([7, 3, 3]).scaled(by: 2), mapped.subset([7, 3, 3]).scaled(by: 2)),
                    (
                        memory.prefix(9).appending(memory.prefix(2)),
                        mapped.prefix(9).appending(mapped.prefix(2))
                    ),
                ] {
                    #expect(a.inputShape == b.inputShape)
                    #expect(a.inputs == b.inputs, "\(name)")
                    for recipe in [
                        { (data: Dataset) in data.batched(5) }, { $0.batched(5).shuffled(seed: 1) },
                        { $0.batched(4).shuffled(seed: 2).mapped(parallel: 2) { $0 } },
                    ] {
                        #expect(
                            Array(recipe(a)).map { $0.allInputs + $0.allTargets }
                                == Array(recipe(b)).map { $0.allInputs + $0.allTargets }, "\(name)")
                    }
                }
            }
        }
    }

    @Test func whatCannotBeMappedIsReadOrRefused() throws {
        try withTemporaryFolder { folder in
            let values = Tensor(numbers, shape: [12, 5])
            try NPY.write(values, to: folder + "/f.npy", fortranOrder: true)
            let array = try NPY.mapArray(contentsOf: folder + "/f.npy")
            #expect(array.tensor == values && array.encoding == nil)
            try write(gzipped(idx(8, [2], [1, 2])), to: folder + "/x.idx.gz")
            let error = try dataError { _ = try IDX.mapArray(contentsOf: folder + "/x.idx.gz") }
            #expect(error.message.contains("is gzipped, so that it cannot be mapped"))
            try write(Array(idx(8, [3], [1, 2])), to: folder + "/x.idx")
            #expect(try dataError { _ = try IDX.mapArray(contentsOf: folder + "/x.idx") }.kind == .malformed)
        }
    }
}
