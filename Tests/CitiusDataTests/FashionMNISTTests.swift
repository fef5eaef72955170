import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusData
@testable import CitiusTensor

@Suite struct FashionMNISTTests {
    /// How many samples each class has.
    private func classCounts(_ data: Dataset) -> [Int] {
        data.targets.elements(as: Int64.self).reduce(into: [Int](repeating: 0, count: 10)) {
            $0[Int($1)] += 1
        }
    }

    private func byteSum(_ tensor: Tensor) -> Int {
        tensor.withElements { (bytes: UnsafePointer<UInt8>) in
            UnsafeBufferPointer(start: bytes, count: tensor.count).reduce(0) { $0 + Int($1) }
        }
    }

    /// The sums are Python's, of the published files.
    @Test func theEmbeddedShareIsWhole() throws {
        let (train, test) = try FashionMNIST.load(.embedded)
        #expect(train.storedInputs.shape == [4_000, 28, 28, 1])
        #expect(test.storedInputs.shape == [500, 28, 28, 1])
        #expect(classCounts(train) == [Int](repeating: 400, count: 10))
        #expect(classCounts(test) == [Int](repeating: 50, count: 10))
        #expect(Array(train.targets.elements(as: Int64.self).prefix(10)) == [9, 0, 0, 3, 0, 2, 7, 2, 5, 5])
        #expect(Array(test.targets.elements(as: Int64.self).prefix(10)) == [9, 2, 1, 1, 6, 1, 4, 6, 5, 7])
        #expect(byteSum(train.storedInputs) == 229_322_796)
        #expect(byteSum(train.prefix(1).storedInputs) == 76_247)
        #expect(byteSum(test.storedInputs) == 28_931_962)
        #expect(byteSum(test.subset(499..<500).storedInputs) == 26_313)
        #expect(train.storedInputs.dtype == .uint8)
        #expect(train.metadata.origin == "the share within Citius")
        #expect(train.metadata.licence == "MIT")
        #expect(train.metadata.classNames.count == 10)
        #expect(FashionMNIST.licence.contains("The MIT License (MIT)"))
        #expect(FashionMNIST.licence.contains("Zalando"))
    }

    @Test func inputsComeScaledAndJoinWithoutACopy() throws {
        let (train, test) = try FashionMNIST.load(.embedded)
        let batch = try #require(train.batched(32).first { _ in true })
        #expect(batch.inputs.shape == [32, 28, 28, 1])
        let values = batch.inputs.elements(as: Float.self)
        #expect(values.min() == 0)
        #expect(values.max() == 1)
        let sum = values.prefix(784).reduce(0 as Float, +)
        #expect(abs(sum - 299.008) < 0.01)
        let all = train.appending(test)
        #expect(all.count == 4_500)
        #expect(all.heldInputs[0].storage === train.heldInputs[0].storage)
        #expect(all.heldTargets[0].storage === test.heldTargets[0].storage)
    }

    /// Where the whole set is installed, it is what `load()` finds.
    @Test(.enabled(if: access(FashionMNIST.debianFolder, F_OK) == 0, "Debian's data set is not installed"))
    func debiansSetIsWhole() throws {
        let (train, test) = try FashionMNIST.load()
        #expect(train.metadata.origin == FashionMNIST.debianFolder)
        #expect(train.count == 60_000)
        #expect(test.count == 10_000)
        #expect(classCounts(train) == [Int](repeating: 6_000, count: 10))
        #expect(classCounts(test) == [Int](repeating: 1_000, count: 10))
        #expect(byteSum(train.subset(59_999..<60_000).storedInputs) == 16_684)
        #expect(byteSum(test.subset(9_999..<10_000).storedInputs) == 24_390)
    }

    // MARK: Folders

    /// A small data set in a folder: `counts` images of zeros, labels in turn.
    private func writeFiles(
        to folder: String, counts: (train: Int, test: Int) = (3, 2), packed: Bool = true,
        labels: (Int) -> UInt8 = { UInt8($0 % 10) }
    ) throws {
        for (name, count) in [("train", counts.train), ("t10k", counts.test)] {
            let images = idx(0x08, [UInt32(count), 28, 28], [UInt8](repeating: 7, count: count * 784))
            let names = idx(0x08, [UInt32(count)], (0..<count).map { labels($0) })
            for (path, bytes) in [("images-idx3", images), ("labels-idx1", names)] {
                let path = "\(folder)/\(name)-\(path)-ubyte" + (packed ? ".gz" : "")
                try write(packed ? gzipped(bytes) : bytes, to: path)
            }
        }
    }

    @Test(arguments: [true, false]) func aFolderServes(_ packed: Bool) throws {
        try withTemporaryFolder { folder in
            try writeFiles(to: folder, packed: packed)
            let (train, test) = try FashionMNIST.load(from: folder)
            #expect(train.targets.elements() == [0, 1, 2] as [Int64])
            #expect(test.targets.elements() == [0, 1] as [Int64])
            #expect(train.metadata.origin == folder)
            #expect(byteSum(test.storedInputs) == 2 * 784 * 7)
        }
    }

    @Test func whatAFolderLacksIsNamed() throws {
        try withTemporaryFolder { folder in
            let none = try dataError { _ = try FashionMNIST.load(from: folder + "/none") }
            #expect(none.kind == .missing)
            #expect(none.message.contains("\(folder)/none has neither train-images-idx3-ubyte nor"))
            try writeFiles(to: folder)
            try FileManager.default.removeItem(atPath: folder + "/t10k-labels-idx1-ubyte.gz")
            let one = try dataError { _ = try FashionMNIST.load(from: folder) }
            #expect(one.message.contains("has neither t10k-labels-idx1-ubyte nor t10k-labels-idx1-ubyte.gz"))
        }
    }

    @Test func aLabelOutsideTheClassesIsNamed() throws {
        try withTemporaryFolder { folder in
            try writeFiles(to: folder, counts: (8, 2), labels: { $0 == 5 ? 12 : 1 })
            let error = try dataError { _ = try FashionMNIST.load(from: folder) }
            #expect(error.kind == .invalidLabel)
            #expect(
                error.message.contains("train-labels-idx1-ubyte.gz: label 12 at sample 5 is outside the 10"))
        }
    }

    @Test func filesThatDoNotBelongTogetherAreNamed() throws {
        try withTemporaryFolder { folder in
            try writeFiles(to: folder, packed: false)
            let labels = folder + "/train-labels-idx1-ubyte"
            try write(idx(0x08, [4], [1, 2, 3, 4]), to: labels)
            let count = try dataError { _ = try FashionMNIST.load(from: folder) }
            #expect(count.message.contains("\(labels) holds uint8 of shape [4], expected uint8 of shape [3]"))
            let images = folder + "/train-images-idx3-ubyte"
            try write(idx(0x08, [3, 2, 2], [UInt8](repeating: 0, count: 12)), to: images)
            let shape = try dataError { _ = try FashionMNIST.load(from: folder) }
            #expect(
                shape.message.contains("\(images) holds uint8 of shape [3, 2, 2], expected uint8 of shape"))
            try write(idx(0x09, [1, 28, 28], [UInt8](repeating: 0, count: 784)), to: images)
            #expect(try dataError { _ = try FashionMNIST.load(from: folder) }.message.contains("holds int8"))
            try write([1, 2, 3], to: images)
            #expect(try dataError { _ = try FashionMNIST.load(from: folder) }.kind == .malformed)
        }
    }

    /// A file cut short after its header passed: the error comes from the elements.
    @Test func aTruncatedFileIsNamed() throws {
        try withTemporaryFolder { folder in
            try writeFiles(to: folder)
            let path = folder + "/t10k-images-idx3-ubyte.gz"
            let whole = try [UInt8](Data(contentsOf: URL(fileURLWithPath: path)))
            try write(Array(whole.dropLast(9)), to: path)
            let error = try dataError { _ = try FashionMNIST.load(from: folder) }
            #expect(error.kind == .malformed)
            #expect(error.message.contains("\(path) is truncated"))
        }
    }
}
