import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusData
@testable import CitiusTensor

@Suite struct ARFFTests {
    private let iris = """
        % Comments and empty lines are skipped.

        @RELATION 'iris plants'
        @Attribute "petal length" NUMERIC
        @attribute width	real
        @attribute colour {red, 'dark blue', "a,b"}
        @attribute class {setosa,versicolor}
        @DATA
        % and here
        1.5, -2e-1 ,'dark blue',setosa

        3,+4.25,"a,b", versicolor
        """

    private func parse(_ text: String, _ layout: TableLayout = TableLayout(), upTo limit: Int = 1 << 30)
        throws -> Dataset
    {
        try ARFF.parse(Array(text.utf8), layout: layout, upTo: limit)
    }

    private func floats(_ data: Dataset) -> [Float] { data.inputs.elements(as: Float.self) }

    private func table(_ attributes: [String], _ rows: [String]) -> String {
        (["@relation r"] + attributes.map { "@attribute " + $0 } + ["@data"] + rows).joined(separator: "\n")
    }

    @Test func attributesAndRowsAreRead() throws {
        for text in [iris, iris.replacingOccurrences(of: "\n", with: "\r\n") + "\r\n"] {
            let data = try parse(text)
            #expect(data.metadata.name == "iris plants")
            #expect(data.metadata.classNames == ["setosa", "versicolor"])
            #expect(
                data.metadata.featureNames
                    == ["petal length", "width", "colour=red", "colour=dark blue", "colour=a,b"])
            #expect(data.inputs.shape == [2, 5])
            #expect(floats(data) == [1.5, -0.2, 0, 1, 0, 3, 4.25, 0, 0, 1])
            #expect(data.targets.elements() == [0, 1] as [Int64])
        }
        let indices = try parse(iris, TableLayout(oneHot: false))
        #expect(floats(indices) == [1.5, -0.2, 1, 3, 4.25, 2])
        let other = try parse(iris, TableLayout(target: "width", features: ["class", "petal length"]))
        #expect(other.metadata.featureNames == ["class=setosa", "class=versicolor", "petal length"])
        #expect(other.metadata.classNames == [])
        #expect(other.targets.elements() == [-0.2, 4.25] as [Float])
        #expect(floats(other) == [1, 0, 1.5, 0, 1, 3])
        let wide = try parse(iris, TableLayout(target: "width", features: ["petal length"], dtype: .float64))
        #expect(wide.targets.elements() == [-0.2, 4.25])
        #expect(wide.inputs.elements() == [1.5, 3.0])
    }

    @Test func wholeNumbersAreHeldAsBytes() throws {
        let text = table(["a numeric", "b numeric", "c {x,y}"], ["0,255,y", "7,8,x"])
        let data = try parse(text)
        #expect(data.storedInputs.dtype == .uint8)
        #expect(floats(data) == [0, 255, 7, 8])
        #expect(data.targets.elements() == [1, 0] as [Int64])
        for (row, expected): (String, [Float]) in [
            ("0.5,3,x", [0.5, 3]), ("256,3,x", [256, 3]), ("-1,3,x", [-1, 3]),
        ] {
            let data = try parse(text + "\n" + row + "\n9,10,y")
            #expect(data.storedInputs.dtype == .float32)
            #expect(floats(data) == [0, 255, 7, 8] + expected + [9, 10], "\(row)")
        }
        // Rows enough for the memory to grow, in both types.
        let rows = (0..<3_000).map { "\($0 % 256),\($0 % 7),x" }
        let expected: [Float] = (0..<3_000).flatMap { [Float($0 % 256), Float($0 % 7)] }
        #expect(
            floats(try parse(table(["a numeric", "b numeric", "c {x}"], rows)))
                == expected)
        #expect(
            floats(try parse(table(["a numeric", "b numeric", "c {x}"], rows + ["0.5,1,x"])))
                == expected + [0.5, 1])
    }

    @Test func sparseRowsAreRead() throws {
        let attributes = ["a numeric", "b {x, 'y z'}", "c numeric", "d {no,yes}"]
        let rows = ["{0 1.5, 1 'y z'}", "{ }", "{2 -3,3 yes}", "{ 3 yes }", "1,x,2,no"]
        let data = try parse(table(attributes, rows), TableLayout(oneHot: false))
        #expect(floats(data) == [1.5, 1, 0, 0, 0, 0, 0, 0, -3, 0, 0, 0, 1, 0, 2])
        #expect(data.targets.elements() == [0, 0, 1, 1, 0] as [Int64])
        for (row, text) in [
            ("{4 1}", "no index"), ("{1 x,0 1}", "no index"), ("{0 1, 0 2}", "no index"),
            ("{-1 1}", "no index"),
            ("{0 1", "does not end with"), ("{0 1} x", "followed by more"), ("{0}", "expected a number"),
            ("{99999999999 1}", "no index"),
        ] {
            let error = try dataError { _ = try parse(table(attributes, [row])) }
            #expect(error.kind == .malformed)
            #expect(error.message.contains(text), "\(row): \(error)")
            #expect(error.message.contains("line 7"), "\(row): \(error)")
        }
    }

    @Test func missingValuesAreWhatTheLayoutSays() throws {
        let text = table(["a numeric", "b {x,y}", "c numeric"], ["1,x,10", "?,y,20", "3,?,30", "5,x,40"])
        let error = try dataError { _ = try parse(text) }
        #expect(error.message.contains("line 7: the value of \"a\" is missing"), "\(error)")
        let dropped = try parse(text, TableLayout(missing: .dropped))
        #expect(floats(dropped) == [1, 1, 0, 5, 1, 0])
        #expect(dropped.targets.elements() == [10, 40] as [Float])
        #expect(floats(try parse(text, TableLayout(missing: .mean))) == [1, 1, 0, 3, 0, 1, 3, 0, 0, 5, 1, 0])
        #expect(
            floats(try parse(text, TableLayout(missing: .replaced(by: -1)))) == [
                1, 1, 0, -1, 0, 1, 3, 0, 0, 5, 1, 0,
            ])
        let kept = floats(try parse(text, TableLayout(oneHot: false, missing: .kept)))
        #expect(kept[2].isNaN && kept[5].isNaN)
        #expect(kept.filter { !$0.isNaN } == [1, 0, 1, 3, 5, 0])
        // A quoted question mark is a value, and a target is never made up.
        #expect(
            try parse(table(["a numeric", "b {'?'}"], ["1,'?'"])).targets.elements() == [0] as [Int64])
        let target = try dataError { _ = try parse(text, TableLayout(target: "a", missing: .mean)) }
        #expect(target.message.contains("A target must not be"), "\(target)")
        let empty = try dataError {
            _ = try parse(table(["a numeric", "b numeric"], ["?,1"]), TableLayout(missing: .mean))
        }
        #expect(empty.kind == .empty)
    }

    @Test func textsAreLeftOut() throws {
        let text = table(
            ["name string", "born date \"yyyy-MM-dd\"", "a integer", "b integer"],
            ["'O\\'Hara, Ann', \"2020-01-01\", 3, 4", "?,?,5,-6"])
        let data = try parse(text)
        #expect(data.metadata.featureNames == ["a"])
        #expect(floats(data) == [3, 5])
        #expect(data.targets.elements() == [4, -6] as [Int64])
        let error = try dataError { _ = try parse(text, TableLayout(features: ["name"])) }
        #expect(error.kind == .unsupportedType)
        #expect(error.message.contains("\"name\" holds texts"))
        let missing = try dataError { _ = try parse(text, TableLayout(target: "c")) }
        #expect(missing.message.contains("no column \"c\"; it has \"name\", \"born\", \"a\", \"b\"."))
    }

    @Test func numbersAreTheNearestDoubles() throws {
        let seed = UInt64.random(in: 0 ... .max)
        var random = SplitMix64(seed: seed)
        var texts = [
            "0", "-0", "1e22", "1e23", "9007199254740993", "1.7976931348623157e308", "5e-324", "1e-400",
            "1e400",
            "123456789012345678901234567890", "0.1", ".5", "5.", "0000000000000000000001.25", "1E+2",
            "-1.5e-3",
            "0.000000000000000000000000001234567890123456789", "inf", "-Infinity",
        ]
        for _ in 0..<2_000 {
            let any = Double(bitPattern: random.next())
            if !any.isNaN { texts.append("\(any)") }
            texts.append("\(Double(Int.random(in: -9_999...9_999, using: &random)) / 1_000)")
        }
        func parsed(_ text: String) -> Double? {
            Array(text.utf8).withUnsafeBufferPointer { bytes in number(in: bytes) }
        }
        for text in texts {
            #expect(parsed(text)?.bitPattern == Double(text)?.bitPattern, "\(text), seed \(seed)")
        }
        for text in ["", "-", ".", "1e", "1e+", "0x10", "1 2", "--1", "1.2.3", "e5", "1f", "infinit", "١"] {
            #expect(parsed(text) == nil, "\(text)")
        }
        #expect(parsed("NaN")?.isNaN == true)
    }

    /// Lines longer than the buffer, and lines that end where a piece of it does.
    @Test func linesOfAnyLengthAreRead() throws {
        for count in [1, 50_000, 200_000] {
            let attributes = (0..<count).map { "a\($0) numeric" } + ["c {x,y}"]
            let row = (0..<count).map { "\($0 % 300)" }.joined(separator: ",")
            let data = try parse(table(attributes, [row + ",x", row + ",y"]))
            #expect(data.inputs.shape == [2, count])
            #expect(floats(data).suffix(count) == (0..<count).map { Float($0 % 300) }[...])
        }
        var random = SplitMix64(seed: 5)
        let rows = (0..<40_000).map { _ in Int.random(in: 0..<1_000_000_000, using: &random) }
        let text = table(["a numeric", "b numeric"], rows.map { "\($0),1" })
        #expect(floats(try parse(text)) == rows.map { Float($0) })
        try withTemporaryFolder { folder in
            try write(gzipped(Array(text.utf8)), to: folder + "/a.arff.gz")
            #expect(try floats(ARFF.read(contentsOf: folder + "/a.arff.gz")) == rows.map { Float($0) })
            #expect(try ARFF.columns(contentsOf: folder + "/a.arff.gz").map(\.kind) == [.real, .real])
            #expect(try dataError { _ = try ARFF.read(contentsOf: folder + "/none") }.kind == .missing)
        }
    }

    // MARK: Hostile bytes

    @Test func faultsAreNamedWithTheirLine() throws {
        let attributes = ["a numeric", "b {x,y}", "c integer"]
        for (row, text) in [
            ("1,x", "line 6: the row has 2 values, expected 3"), ("1,x,2,3", "more than 3 values"),
            ("z,x,2", "the value of \"a\" is \"z\", expected a number or ?"),
            ("1,z,2", "one of the attribute's 2 values"),
            ("1,'x,2", "no closing quote"), ("1,'x'x,2", "followed by more than a comma"),
            ("1,x,2.5", "a whole number"),
            ("1,x,1e300", "a whole number"), (",x,1", "\"\""), ("1;x;2", "expected a number"),
        ] {
            let error = try dataError { _ = try parse(table(attributes, [row])) }
            #expect(error.kind == .malformed)
            #expect(error.message.contains(text), "\(row): \(error)")
        }
        for (text, expected) in [
            ("", "it has no @data"), ("<html>", "is no declaration"),
            ("@relation x\n@attribute a numeric", "no @data"),
            ("@data", "follows no @attribute"),
            ("@attribute a relational\n@data", "of the type \"relational\""),
            ("@attribute a {x,x}\n@data", "the value \"x\" twice"),
            ("@attribute a {x\n@data", "do not end with"),
            ("@attribute a {?}\n@data", "is ?"), ("@attribute 'a numeric", "no closing quote"),
            ("@attribute\n@data", "is missing"), ("@attribute a {x,,y}\n@data", "is missing"),
            ("@attribute \u{0}", "of the type \"\""),
        ] {
            let error = try dataError { _ = try parse(text) }
            #expect(error.kind == .malformed)
            #expect(error.message.contains(expected), "\(text): \(error)")
        }
        let bytes = Array("@attribute a ".utf8) + [0x27, 0xFF, 0x27]
        #expect(try dataError { _ = try ARFF.parse(bytes) }.kind == .malformed)
        #expect(try dataError { _ = try parse(table(["a numeric"], ["1"])) }.kind == .empty)
    }

    /// A line of two bytes stands for a row of any width.
    @Test func smallFilesDoNotTakeMuchMemory() throws {
        let attributes = (0..<2_000).map { "a\($0) numeric" }
        let text = table(attributes, [String](repeating: "{}", count: 5_000))
        let before = Allocator.statistics.peakBytesInUse
        let error = try dataError { _ = try parse(text, upTo: 1 << 20) }
        #expect(error.kind == .tooLarge)
        #expect(Allocator.statistics.peakBytesInUse - before < 1 << 24)
        #expect(try parse(text).inputs.shape == [5_000, 1_999])
    }

    /// Whatever the bytes: an answer. `citius-fuzz` runs as many as one likes.
    @Test func mutatedFilesEndInAnAnswer() {
        let seed = UInt64.random(in: 0 ... .max)
        let report = fuzzARFF(inputs: 10_000, seed: seed)
        #expect(report.failures == [], "seed \(seed)")
        #expect(report.refusals["malformed", default: 0] > 1_000, "seed \(seed)")
        #expect(report.accepted > 200, "seed \(seed)")
    }
}
