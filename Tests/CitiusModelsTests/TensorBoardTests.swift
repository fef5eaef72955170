import CitiusData
import CitiusFormats
import CitiusTensor
import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusModels

/// `Tests/Keras/run` has TensorBoard itself read what is written.
@Suite struct TensorBoardTests {
    @Test func checksumsAreThoseOfTheStandard() {
        // RFC 3720, B.4.
        #expect(TFRecord.crc32C([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(TFRecord.crc32C([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(TFRecord.crc32C(Array(0..<32)) == 0x46DD_794E)
        #expect(TFRecord.crc32C(Array("123456789".utf8)) == 0xE306_9283)
    }

    @Test func messagesAreThoseOfTheDocumentation() {
        // protobuf.dev, "Encoding".
        var message = ProtobufMessage()
        message.add(1, 150)
        message.add(2, "testing")
        message.add(3) { $0.add(1, 150) }
        message.add(4, -1)
        #expect(
            message.bytes == [0x08, 0x96, 0x01, 0x12, 0x07] + Array("testing".utf8)
                + [0x1A, 0x03, 0x08, 0x96, 0x01, 0x20] + [UInt8](repeating: 0xFF, count: 9) + [0x01])
    }

    @Test func histogramsCountEveryValue() {
        let values = Tensor((0..<300).map { Double($0) } + [.nan, .infinity, 299])
        let buckets = EventSummary.buckets(of: values)
        #expect(buckets.count == 30 && buckets.map(\.count).reduce(0, +) == 301)
        #expect(buckets[0].left == 0 && buckets[29].right == 299)
        #expect(zip(buckets, buckets.dropFirst()).allSatisfy { abs($0.right - $1.left) < 1e-9 })
        // numpy.histogram(range(300), 30)[0]
        #expect(buckets.map(\.count).dropLast() == [Double](repeating: 10, count: 29)[...])
        // As TensorBoard has it of values that are all the same.
        let same = EventSummary.buckets(of: Tensor([3.0, 3, 3]))
        #expect(same.allSatisfy { $0.left == 3 && $0.right == 3 } && same.map(\.count).last == 3)
        #expect(
            EventSummary.buckets(of: Tensor([-1e308, 1e308] as [Double])).map(\.count).filter { $0 == 1 }
                .count == 2)
        #expect(EventSummary.buckets(of: Tensor(zeros: [0])).allSatisfy { $0.count == 0 })
    }

    @Test func filesLieInTheirFolders() throws {
        try withTemporaryFolder { folder in
            let logs = folder + "/deep/run"
            let board = TensorBoard(
                logs, histogramFrequency: 1, writeImages: true, writeStepsPerSecond: true,
                updateFrequency: .batches(2),
                hyperparameters: ["units": 2, "name": "é", "is": true])
            try linearModel().fit(
                linearData(count: 8), batchSize: 2, epochs: 2, verbose: .silent, callbacks: [board],
                validationData: linearData(count: 4))
            #expect(board.state.trainBatches == 8)
            let train = try tags(logs + "/train")
            for tag in ["epoch_loss", "epoch_learning_rate", "epoch_steps_per_second", "keras"] {
                #expect(train.contains(tag), "\(tag)")
            }
            #expect(train.filter { $0 == "batch_loss" }.count == 4)
            #expect(train.filter { $0 == "dense/kernel/histogram" }.count == 2, "\(train)")
            #expect(train.filter { $0 == "dense/bias/image" }.count == 2)
            let validation = try tags(logs + "/validation")
            #expect(validation.filter { $0 == "epoch_loss" }.count == 2)
            #expect(validation.filter { $0 == "evaluation_loss_vs_iterations" }.count == 2)
            #expect(try tags(logs) == ["_hparams_/session_start_info", "_hparams_/session_end_info"])
        }
    }

    /// The tags of the only file of events in a folder: of each record its length, then the event's field 5, its value
    /// (field 1), and that one's tag (field 1).
    private func tags(_ folder: String) throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
            $0.contains("tfevents")
        }
        try #require(names.count == 1)
        let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: folder + "/" + names[0])))
        var tags: [String] = []
        var place = 0
        while place < bytes.count {
            let length = bytes[place..<place + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
            let data = Array(bytes[place + 12..<place + 12 + length])
            #expect(TFRecord.framed(data) == Array(bytes[place..<place + 16 + length]))
            for summary in fields(data, 5) {
                for value in fields(summary, 1) {
                    tags += fields(value, 1).map { String(decoding: $0, as: UTF8.self) }
                }
            }
            place += 16 + length
        }
        return tags
    }

    /// The contents of a message's fields of bytes with this number.
    private func fields(_ message: [UInt8], _ number: Int) -> [[UInt8]] {
        var rest = message[...]
        var found: [[UInt8]] = []
        func varint() -> Int {
            var (value, shift) = (0, 0)
            while let byte = rest.popFirst() {
                value |= Int(byte & 0x7F) << shift
                shift += 7
                if byte < 0x80 { break }
            }
            return value
        }
        while !rest.isEmpty {
            let tag = varint()
            switch tag & 7 {
            case 0: _ = varint()
            case 1: rest = rest.dropFirst(8)
            case 5: rest = rest.dropFirst(4)
            default:
                let length = varint()
                if tag >> 3 == number { found.append(Array(rest.prefix(length))) }
                rest = rest.dropFirst(length)
            }
        }
        return found
    }

    @Test func whatCannotBeWrittenEndsTheTraining() throws {
        try withTemporaryFolder { folder in
            try write([], to: folder + "/file")
            let model = linearModel()
            let error = #expect(throws: TrainingError.self) {
                try model.fit(
                    linearData(count: 2), epochs: 3, verbose: .silent,
                    callbacks: [TensorBoard(folder + "/file/logs")])
            }
            #expect(error?.description.contains("TensorBoard: ") == true)
            #expect(error?.description.contains("cannot be written") == true)
        }
    }

    @Test func mistakesTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = TensorBoard(updateFrequency: .batches(0))
        }
        #expect(errorText(of: result).contains("TensorBoard: updateFrequency is 0 batches"))
    }
}
