import CitiusData
import CitiusTestSupport
import Foundation
import Testing

/// Sequences, series and texts as tensors and data sets.
@Suite struct SequencesTests {
    /// The examples of Keras's documentation, and every pair of ends.
    @Test func padding() {
        let sequences = [[1], [2, 3], [4, 5, 6], []]
        #expect(padSequences(sequences) == Tensor([[0, 0, 1], [0, 2, 3], [4, 5, 6], [0, 0, 0]]))
        #expect(
            padSequences(sequences, value: -1)
                == Tensor([[-1, -1, 1], [-1, 2, 3], [4, 5, 6], [-1, -1, -1]]))
        #expect(
            padSequences(sequences, padding: .post)
                == Tensor([[1, 0, 0], [2, 3, 0], [4, 5, 6], [0, 0, 0]]))
        #expect(padSequences(sequences, maximumLength: 2) == Tensor([[0, 1], [2, 3], [5, 6], [0, 0]]))
        #expect(
            padSequences(sequences, maximumLength: 2, truncating: .post)
                == Tensor([[0, 1], [2, 3], [4, 5], [0, 0]]))
        #expect(
            padSequences([[Float(0.5)], []], maximumLength: 2, value: 9) == Tensor([[9, 0.5], [9, 9]]))
        #expect(padSequences([[Int]]()).shape == [0, 0])
        #expect(padSequences(sequences, maximumLength: 0).shape == [4, 0])
    }

    @Test func paddingOfSteps() {
        let sequences = [Tensor([[1.0, 2]]), Tensor([[3.0, 4], [5, 6], [7, 8]])]
        #expect(
            padSequences(sequences, maximumLength: 2, padding: .post)
                == Tensor([[[1.0, 2], [0, 0]], [[5.0, 6], [7, 8]]]))
        #expect(
            padSequences(sequences, truncating: .post, value: -1)
                == Tensor([[[-1.0, -1], [-1, -1], [1, 2]], [[3.0, 4], [5, 6], [7, 8]]]))
    }

    @Test func mistakesSaySo() async {
        let steps = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = padSequences([Tensor([[1.0, 2]]), Tensor([[1.0]])])
        }
        #expect(message(of: steps).contains("sequence 1 is float32 [1, 1], expected steps like those"))
        let stride = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Dataset.timeseriesWindows(Tensor([1, 2, 3]), sequenceLength: 2, sequenceStride: 0)
        }
        #expect(message(of: stride).contains("timeseries: sequenceStride is 0, expected at least 1"))
    }

    private func message(of result: ExitTest.Result?) -> String {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }

    /// Windows and targets by their definition, for every combination of a few numbers.
    @Test func timeseries() {
        let series = Tensor((0..<23).map { Int64($0 * $0) })
        for length in [1, 3, 7] {
            for stride in [1, 2, 5] {
                for rate in [1, 3] {
                    for (range, targetCount) in [(nil, 23), (2..<19, 23), (0..<23, 9)] as [(Range<Int>?, Int)]
                    {
                        let targets = Tensor((0..<targetCount).map { Int64(100 + $0) })
                        let data = Dataset.timeseries(
                            series, targets: targets, sequenceLength: length, sequenceStride: stride,
                            samplingRate: rate, range: range)
                        var (inputs, expected): ([[Int]], [Int]) = ([], [])
                        let used = range ?? 0..<23
                        var start = 0
                        while used.lowerBound + start + (length - 1) * rate < used.upperBound,
                            used.lowerBound + start < targetCount
                        {
                            inputs.append(
                                (0..<length).map { step in
                                    let place = used.lowerBound + start + step * rate
                                    return place * place
                                })
                            expected.append(100 + used.lowerBound + start)
                            start += stride
                        }
                        #expect(data.count == inputs.count)
                        #expect(data.targets == Tensor(expected))
                        if !inputs.isEmpty { #expect(data.inputs == Tensor(inputs)) }
                    }
                }
            }
        }
        #expect(Dataset.timeseriesWindows(Tensor([1, 2]), sequenceLength: 3).shape == [0, 3])
        let features = Tensor([[1.0, 2], [3, 4], [5, 6]])
        #expect(
            Dataset.timeseriesWindows(features, sequenceLength: 2)
                == Tensor([[[1.0, 2], [3, 4]], [[3.0, 4], [5, 6]]]))
    }

    @Test func textsInFolders() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "citius-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        func write(_ path: String, _ bytes: [UInt8]) throws {
            let file = folder.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(bytes).write(to: file)
        }
        try write("good/2.txt", Array("süß".utf8))
        try write("good/1.txt", Array("a longer text\nof two lines".utf8))
        try write("good/deep/3.txt", Array("deep".utf8))
        try write("good/picture.png", [0])
        try write("bad/1.txt", [0x61, 0xFF])
        try write("notes.txt", Array("no class".utf8))
        let data = try Dataset.texts(inFolder: folder.path)
        #expect(data.metadata.classNames == ["bad", "good"])
        #expect(
            data.storedInputs.strings == ["a\u{FFFD}", "a longer text\nof two lines", "süß", "deep"])
        #expect(data.targets == Tensor([0, 1, 1, 1]))
        let chosen = try Dataset.texts(inFolder: folder.path, classNames: ["good"], byteCount: 2)
        #expect(chosen.storedInputs.strings == ["a ", "s", "de"])
        #expect(
            performing: { try Dataset.texts(inFolder: folder.path + "/none") },
            throws: {
                ($0 as? DataError)?.kind == .missing && "\($0)".contains("cannot be read as a folder")
            })
        #expect(
            performing: { try Dataset.texts(inFolder: folder.path + "/bad") },
            throws: {
                ($0 as? DataError)?.kind == .empty
            })

        try write("words.txt", Array("one\r\ntwo\n\nthrée\n".utf8))
        #expect(try TextFile.lines(of: folder.path + "/words.txt") == ["one", "two", "", "thrée"])
        #expect(
            performing: { try TextFile.lines(of: folder.path + "/bad/1.txt") },
            throws: {
                "\($0)".contains("is no UTF-8 text")
            })
        #expect(
            performing: { try TextFile.text(of: folder.path + "/words.txt", byteLimit: 3) },
            throws: {
                ($0 as? DataError)?.kind == .tooLarge
            })
    }
}
