import CitiusTensor
import Testing

@Suite struct StringsTests {
    @Test func roundTrip() {
        let strings = [
            "one", "", "größe", "🦊👩‍👩‍👧", "e\u{301}", "two words\t\n", String(repeating: "x", count: 10_000),
        ]
        let tensor = Tensor(utf8: strings)
        #expect(tensor.dtype == .uint8 && tensor.shape == [7, 10_000])
        // By their bytes: Swift takes "é" and "e" with an accent for equal.
        #expect(tensor.strings.map { Array($0.utf8) } == strings.map { Array($0.utf8) })
        #expect(Tensor(utf8: ["", ""]).shape == [2, 1])
        #expect(Tensor(utf8: [String]()).shape == [0, 1])
        #expect(Tensor(utf8: [["a", "bc"], ["d", ""]]).shape == [2, 2, 2])
        #expect(Tensor(utf8: [["a", "bc"], ["d", ""]]).strings == ["a", "bc", "d", ""])
    }

    /// Strings are cut between characters, never within one.
    @Test func cut() {
        #expect(Tensor(utf8: ["abcdef", "aé", "日本", "🦊"], byteCount: 2).strings == ["ab", "a", "", ""])
        #expect(Tensor(utf8: ["aé", "日本"], byteCount: 3).strings == ["aé", "日"])
        #expect(Tensor(utf8: ["a"], byteCount: 4).shape == [1, 4])
    }

    @Test func bytesThatAreNoText() {
        let bytes = Tensor([0x61, 0xFF, 0, 0xC3, 0x28, 0, 0, 0] as [UInt8], shape: [2, 4])
        #expect(bytes.strings == ["a\u{FFFD}\0\u{FFFD}", "("])
    }

    @Test func mistakesSaySo() async {
        let numbers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor([1.0, 2]).strings
        }
        #expect(message(of: numbers).contains("strings: the tensor is float32 [2], expected strings"))
        let rows = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor(utf8: [["a"], ["b", "c"]])
        }
        #expect(message(of: rows).contains("row 0 has 1 strings and row 1 2"))
    }

    private func message(of result: ExitTest.Result?) -> String {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }
}
