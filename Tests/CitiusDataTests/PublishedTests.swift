import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusData
@testable import CitiusTensor

/// Data sets by name, from files of their form that are made here.
@Suite struct PublishedTests {
    /// A tar archive of files, as POSIX has it.
    private func tar(_ files: [(name: String, bytes: [UInt8])], longNames: Bool = false) -> [UInt8] {
        func header(_ name: String, _ size: Int, _ type: Character) -> [UInt8] {
            var block = [UInt8](repeating: 0, count: 512)
            func put(_ text: String, _ place: Int) {
                for (index, byte) in text.utf8.enumerated() { block[place + index] = byte }
            }
            func octal(_ number: Int, _ width: Int) -> String {
                let digits = String(number, radix: 8)
                return String(repeating: "0", count: width - digits.count) + digits
            }
            put(String(name.prefix(100)), 0)
            put("0000644", 100)
            put(octal(size, 11), 124)
            put(String(type), 156)
            put("ustar", 257)
            put("00", 263)
            put("        ", 148)
            put(octal(block.reduce(0) { $0 + Int($1) }, 6), 148)
            block[154] = 0
            return block
        }
        func padded(_ bytes: [UInt8]) -> [UInt8] {
            bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
        }
        var archive = header("folder/", 0, "5")
        for (name, bytes) in files {
            if longNames {
                archive += header("././@LongLink", name.utf8.count + 1, "L") + padded(Array(name.utf8) + [0])
            }
            archive += header(longNames ? "cut" : name, bytes.count, "0") + padded(bytes)
        }
        return archive + [UInt8](repeating: 0, count: 1_024)
    }

    /// Two images a file; the first byte of a pixel says its color, the second its place.
    private func records(_ labels: [[UInt8]]) -> [UInt8] {
        labels.flatMap { labels in
            labels
                + (0..<3).flatMap { color in
                    (0..<1_024).map { UInt8(truncatingIfNeeded: 50 * color + $0 % 50) }
                }
        }
    }

    private func cifar10(in folder: String) -> [(name: String, bytes: [UInt8])] {
        let names = (0..<10).map { "class\($0)" }.joined(separator: "\n") + "\n\n"
        return (1...5).map { (folder + "data_batch_\($0).bin", records([[UInt8($0)], [0]])) }
            + [(folder + "test_batch.bin", records([[9]])), (folder + "batches.meta.txt", Array(names.utf8))]
    }

    @Test(arguments: [false, true]) func cifar10IsReadFromItsArchiveOrFiles(_ isUnpacked: Bool) throws {
        try withTemporaryFolder { folder in
            if isUnpacked {
                for (name, bytes) in cifar10(in: "/") { try write(bytes, to: folder + name) }
            } else {
                let archive = tar(cifar10(in: "cifar-10-batches-bin/"), longNames: true)
                try write(gzipped(archive), to: folder + "/cifar-10-binary.tar.gz")
            }
            let (train, test) = try CIFAR10.load(from: folder)
            #expect(train.count == 10 && test.count == 1)
            #expect(train.inputShape == [32, 32, 3])
            #expect(train.targets.elements() == [1, 0, 2, 0, 3, 0, 4, 0, 5, 0] as [Int64])
            #expect(test.targets.elements() == [9] as [Int64])
            #expect(train.metadata.classNames.count == 10 && train.metadata.classNames[3] == "class3")
            let image = train.storedInputs[9].elements(as: UInt8.self)
            #expect(Array(image[0..<6]) == [0, 50, 100, 1, 51, 101])
            #expect(train.inputs[0].elements(as: Float.self)[1] == Float(50) / 255)
        }
    }

    @Test func cifar100HasTwoKindsOfLabels() throws {
        try withTemporaryFolder { folder in
            let fine = (0..<100).map { "f\($0)" }.joined(separator: "\n")
            let coarse = (0..<20).map { "c\($0)" }.joined(separator: "\n")
            try write(
                gzipped(
                    tar([
                        ("cifar-100-binary/train.bin", records([[3, 77], [19, 99]])),
                        ("cifar-100-binary/test.bin", records([[0, 5]])),
                        ("cifar-100-binary/fine_label_names.txt", Array(fine.utf8)),
                        ("cifar-100-binary/coarse_label_names.txt", Array(coarse.utf8)),
                    ])), to: folder + "/cifar-100-binary.tar.gz")
            let (train, _) = try CIFAR100.load(from: folder)
            #expect(train.targets.elements() == [77, 99] as [Int64])
            #expect(train.metadata.classNames[77] == "f77")
            let (coarseTrain, _) = try CIFAR100.load(from: folder, labels: .coarse)
            #expect(coarseTrain.targets.elements() == [3, 19] as [Int64])
        }
    }

    @Test func whatIsMissingOrDamagedIsNamed() throws {
        try withTemporaryFolder { folder in
            let missing = try dataError { _ = try CIFAR10.load(from: folder) }
            #expect(missing.kind == .missing)
            #expect(missing.message.contains("has neither cifar-10-binary.tar.gz nor batches.meta.txt"))
            var files = cifar10(in: "x/")
            files[2].bytes.removeLast()
            try write(gzipped(tar(files)), to: folder + "/cifar-10-binary.tar.gz")
            let odd = try dataError { _ = try CIFAR10.load(from: folder) }
            #expect(
                odd.message.contains("data_batch_3.bin has 6145 bytes, expected a multiple of 3073"), "\(odd)"
            )
            files = cifar10(in: "x/")
            files[5].bytes[0] = 10
            try write(gzipped(tar(files)), to: folder + "/cifar-10-binary.tar.gz")
            #expect(try dataError { _ = try CIFAR10.load(from: folder) }.kind == .invalidLabel)
            var archive = tar(cifar10(in: "x/"))
            archive[512 + 130] ^= 1
            try write(gzipped(archive), to: folder + "/cifar-10-binary.tar.gz")
            #expect(try dataError { _ = try CIFAR10.load(from: folder) }.message.contains("or a damaged one"))
            try write(
                gzipped(Array(tar(cifar10(in: "x/")).prefix(5_000))), to: folder + "/cifar-10-binary.tar.gz")
            #expect(try dataError { _ = try CIFAR10.load(from: folder) }.message.contains("is truncated"))
            #expect(try dataError { _ = try IMDB.load(from: folder) }.kind == .missing)
            #expect(
                try dataError { _ = try MNIST.load(from: folder) }.message.contains("four files of MNIST"))
        }
    }

    @Test func imdbIsReadFromItsArchiveOrFolder() throws {
        try withTemporaryFolder { folder in
            let files = [
                ("train/pos/10_9.txt", "good"), ("train/pos/0_9.txt", "very <br /> good"),
                ("train/neg/0_2.txt", "bad"),
                ("train/unsup/0_0.txt", "?"), ("test/neg/3_1.txt", "é"), ("test/pos/1_10.txt", "fine"),
                ("train/labeledBow.feat", "1"),
            ]
            try write(
                gzipped(tar(files.map { ("aclImdb/" + $0.0, Array($0.1.utf8)) })),
                to: folder + "/aclImdb_v1.tar.gz")
            for (name, text) in files {
                let path = folder + "/aclImdb/" + name
                try FileManager.default.createDirectory(
                    atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
                try write(Array(text.utf8), to: path)
            }
            for place in [folder, folder + "/aclImdb"] {
                let (train, test) = try IMDB.load(from: place)
                #expect(train.storedInputs.strings == ["bad", "very <br /> good", "good"])
                #expect(train.targets.elements() == [0, 1, 1] as [Int64])
                #expect(test.storedInputs.strings == ["é", "fine"])
                #expect(train.metadata.classNames == ["neg", "pos"])
                #expect(
                    try IMDB.load(from: place, byteCount: 4).train.storedInputs.strings == [
                        "bad", "very", "good",
                    ])
            }
        }
    }

    @Test func mutatedArchivesEndInErrors() throws {
        var mutation = Mutation(random: SplitMix64(seed: 4))
        let archive = tar(
            [("a/b.txt", Array("text".utf8)), ("c", [UInt8](repeating: 7, count: 700))], longNames: true)
        var accepted = 0
        for _ in 0..<3_000 {
            let bytes = mutation.mutated(archive)
            do throws(DataError) {
                try TarReader.forEachFile(in: MemorySource(bytes), byteLimit: 4_096) {
                    _, read throws(DataError) in
                    #expect(try read().count <= 4_096)
                }
                accepted += 1
            } catch {
                #expect(!error.message.isEmpty)
            }
        }
        #expect(accepted > 100)
    }

    /// Counts and means of scikit-learn 1.9 and palmerpenguins 0.1.6.
    @Test func smallTablesAreThere() throws {
        let iris = Dataset.iris()
        #expect(iris.count == 150 && iris.inputShape == [4])
        #expect(iris.metadata.classNames == ["setosa", "versicolor", "virginica"])
        #expect(iris.classCounts() == [0: 50, 1: 50, 2: 50])
        #expect(abs(iris.inputs.mean().scalar - 3.4644999) < 1e-5)
        let wine = Dataset.wine()
        #expect(wine.count == 178 && wine.inputShape == [13])
        #expect(wine.classCounts() == [0: 59, 1: 71, 2: 48])
        #expect(abs(wine.inputs.mean().scalar - 69.133664) < 1e-4)
        let digits = Dataset.digits()
        #expect(digits.count == 1_797 && digits.inputShape == [8, 8, 1])
        #expect(digits.storedInputs.dtype == .uint8)
        #expect(abs(digits.inputs.mean().scalar * 16 - 4.8841646) < 1e-4)
        #expect(
            digits.classCounts() == [
                0: 178, 1: 182, 2: 177, 3: 183, 4: 181, 5: 182, 6: 181, 7: 179, 8: 174, 9: 180,
            ])
        let penguins = try Dataset.penguins()
        #expect(penguins.count == 333)
        #expect(penguins.metadata.classNames == ["Adelie", "Chinstrap", "Gentoo"])
        #expect(penguins.classCounts() == [0: 146, 1: 68, 2: 119])
        for data in [iris, wine, digits, penguins] {
            #expect(!data.metadata.licence.isEmpty && !data.metadata.source.isEmpty)
            try data.validated().check()
        }
    }
}
