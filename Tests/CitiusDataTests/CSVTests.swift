import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusData
@testable import CitiusTensor

@Suite struct CSVTests {
    private func parse(
        _ text: String, _ layout: TableLayout = TableLayout(), _ options: CSV.Options = CSV.Options()
    ) throws -> Dataset {
        try CSV.parse(Array(text.utf8), layout: layout, options: options)
    }

    private func floats(_ data: Dataset) -> [Float] { data.inputs.elements(as: Float.self) }

    private let penguins = #"""
        species,island,bill,year,"body mass, g"
        Gentoo,Biscoe,39.1,2007,3750

        Adelie,"Dream ""a""",-4e1,2008,3800.5
        Adelie,Biscoe, 40.25 ,2009,3250
        """#

    @Test func columnsTellWhatTheyHold() throws {
        for text in [
            penguins, penguins.replacingOccurrences(of: "\n", with: "\r\n") + "\r\n", "\u{FEFF}" + penguins,
        ] {
            let data = try parse(text)
            #expect(
                data.metadata.featureNames == [
                    "species=Adelie", "species=Gentoo", "island=Biscoe", "island=Dream \"a\"", "bill", "year",
                ])
            #expect(
                floats(data) == [
                    0, 1, 1, 0, 39.1, 2007, 1, 0, 0, 1, -40, 2008, 1, 0, 1, 0, 40.25, 2009,
                ])
            #expect(data.targets.elements() == [3750, 3800.5, 3250] as [Float])
        }
        let classes = try parse(penguins, TableLayout(target: "species", features: ["bill"]))
        #expect(classes.metadata.classNames == ["Adelie", "Gentoo"])
        #expect(classes.targets.elements() == [1, 0, 0] as [Int64])
        #expect(
            try parse(penguins, TableLayout(target: "year")).targets.elements() == [2007, 2008, 2009]
                as [Int64])
        let words = try parse(penguins, TableLayout(features: ["bill"], texts: ["island", "year"]))
        #expect(words.allInputs.count == 3)
        #expect(words.heldInputs[1].strings == ["Biscoe", "Dream \"a\"", "Biscoe"])
        #expect(words.heldInputs[2].strings == ["2007", "2008", "2009"])
    }

    @Test func optionsSayWhatValuesDoNot() throws {
        let text = "1;x;0\n;y;1\n-;z;1\n"
        let options = CSV.Options(delimiter: ";", hasHeader: false, missing: ["", "-"])
        let data = try parse(text, TableLayout(missing: .mean), options)
        #expect(data.metadata.featureNames == ["column_0", "column_1=x", "column_1=y", "column_1=z"])
        #expect(floats(data) == [1, 1, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1])
        var kinds = options
        kinds.kinds = [
            "column_0": .text, "column_1": .category(["z", "y", "x"]), "column_2": .category(["1", "0"]),
        ]
        let other = try parse(text, TableLayout(), kinds)
        #expect(floats(other) == [0, 0, 1, 0, 1, 0, 1, 0, 0])
        #expect(other.targets.elements() == [1, 0, 0] as [Int64])
        kinds.kinds["column_9"] = .real
        #expect(try dataError { _ = try parse(text, TableLayout(), kinds) }.kind == .missing)
        var few = options
        few.categoryLimit = 2
        #expect(try parse(text, TableLayout(missing: .kept), few).metadata.featureNames == ["column_0"])
        few.inferenceRows = 1
        let error = try dataError { _ = try parse(text, TableLayout(missing: .kept), few) }
        #expect(
            error.message.contains(
                "line 2: the value of \"column_1\" is \"y\", expected one of its 1 categories"))
    }

    @Test func quotesHoldLineEndsAndMore() throws {
        let data = try parse(
            "a,b\r\n\"x\r\n,\"\"y\"\"\",1\r\n\"\",2\n\"z\",3", TableLayout(features: [], texts: ["a"]))
        #expect(data.heldInputs[0].strings == ["x\r\n,\"y\"", "", "z"])
        #expect(data.targets.elements() == [1, 2, 3] as [Int64])
        // A quote within a bare value is a character.
        #expect(
            try parse("a,b\nx\"y\",1", TableLayout(features: [], texts: ["a"])).heldInputs[0].strings == [
                "x\"y\""
            ])
    }

    @Test(arguments: [
        ("", "is empty"), ("\n\n", "is empty"), ("a,a\n1,2", "line 1: two columns are called \"a\""),
        ("a,b\n1,2\n1", "line 3: the row has 1 values, expected 2"),
        ("a,b\n1,2,3", "line 2: the row has 3 values, expected 2"),
        ("a,b\n\"1,2\n3,4", "line 2: a value has no closing quote"),
        ("a,b\n\"1\"2,3", "line 2: a value goes on after its closing quote"),
        ("a,b\n\"x\ny\"z,3", "line 2: a value goes on after its closing quote"),
        ("a,b\n1,2\n,3", "line 3: the value of \"a\" is missing"),
        ("a,b\n1,2\n3,", "line 3: the value of \"b\" is missing. A target must not be"),
        ("a\n1", "has no column for inputs"),
    ])
    func faultsNameTheirLine(_ text: String, _ expected: String) throws {
        let error = try dataError { _ = try parse(text) }
        #expect(error.message.contains(expected), "\(error)")
    }

    @Test func bytesThatAreNoUTF8AreNamed() throws {
        for bytes: [UInt8] in [[0xFF, 0x2C, 0x62, 0x0A], [0x61, 0x2C, 0x62, 0x0A, 0xFF, 0x2C, 0x31]] {
            let error = try dataError { _ = try CSV.parse(bytes) }
            #expect(error.message.contains("is no UTF-8"), "\(error)")
        }
    }

    @Test func missingValuesAreWhatTheLayoutSays() throws {
        let text = "a,c,b\n1,x,5\nNA,,6\n3,y,7"
        #expect(floats(try parse(text, TableLayout(missing: .dropped))) == [1, 1, 0, 3, 0, 1])
        #expect(floats(try parse(text, TableLayout(missing: .mean))) == [1, 1, 0, 2, 0, 0, 3, 0, 1])
        #expect(
            floats(try parse(text, TableLayout(missing: .replaced(by: 9)))) == [1, 1, 0, 9, 0, 0, 3, 0, 1])
        #expect(floats(try parse(text, TableLayout(missing: .kept)))[3].isNaN)
    }

    /// A stream gives the samples of the file in memory, in pieces of a thousand rows, gzipped or not.
    @Test(arguments: [MissingValues.dropped, .mean, .replaced(by: -1)], [false, true])
    func aStreamReadsWhatAFileHolds(_ missing: MissingValues, _ isGzipped: Bool) throws {
        try withTemporaryFolder { folder in
            let path = folder + "/table.csv"
            let rows = (0..<2_500).map {
                "\($0 % 7 == 0 ? "" : "\($0)"),\(["u", "v", "w"][$0 % 3]),\(Double($0) / 4)"
            }
            let text = Array((["x,kind,y"] + rows).joined(separator: "\n").utf8)
            try write(isGzipped ? gzipped(text) : text, to: path)
            let layout = TableLayout(missing: missing)
            let data = try CSV.read(contentsOf: path, layout: layout)
            let stream = try CSV.stream(contentsOf: path, layout: layout)
            #expect(stream.metadata.featureNames == data.metadata.featureNames)
            var found: [Tensor] = []
            for batch in stream.batched(600) { found.append(batch.inputs) }
            #expect(Tensor.concatenate(found) == data.inputs)
            #expect(found.map { $0.shape[0] }.dropLast().allSatisfy { $0 == 600 })
            let targets = stream.batched(100).shuffled(seed: 1, buffer: 300).flatMap {
                $0.targets.elements(as: Float.self)
            }
            #expect(targets.sorted() == data.targets.elements(as: Float.self).sorted())
            #expect(targets != data.targets.elements(as: Float.self))
        }
    }

    @Test func aTornStreamThrowsWhereItIsTorn() throws {
        try withTemporaryFolder { folder in
            let path = folder + "/table.csv"
            let rows = (0..<1_500).map { "\($0),\($0)" } + ["1,2,3"]
            try write(Array((["x,y"] + rows).joined(separator: "\n").utf8), to: path)
            let stream = try CSV.stream(contentsOf: path, options: CSV.Options(inferenceRows: 10))
            var iterator = stream.batched(100).makeIterator()
            var count = 0
            let error = try dataError { while let batch = try iterator.nextBatch() { count += batch.count } }
            #expect(error.message.contains("line 1502: the row has 3 values, expected 2"))
            #expect(count == 1_000)
        }
    }

    /// What Python's csv module and pandas find in the same bytes. See `Tests/Golden/csv_tables.py`.
    @Test func pandasReadsTheSame() throws {
        struct File: Decodable {
            struct Case: Decodable {
                let text: String
                let names: [String]
                let cells: [[String]]
                /// Of each column, as Python writes them; nil where it holds no numbers.
                let numbers: [[String?]?]
            }
            let cases: [Case]
        }
        let url = URL(fileURLWithPath: GoldenFile.path(of: "csv_tables.json"))
        let cases = try JSONDecoder().decode(File.self, from: Data(contentsOf: url)).cases
        #expect(cases.count >= 14)
        for (index, item) in cases.enumerated() {
            let options = CSV.Options()
            let bytes = Array(item.text.utf8)
            let columns = try CSVReader.inferredColumns(options, texts: []) { MemorySource(bytes) }
            #expect(columns.map(\.name) == item.names)
            let reader = try CSVReader(MemorySource(bytes), options, columns: columns)
            let row = UnsafeMutableBufferPointer<Double>.allocate(capacity: columns.count)
            defer { row.deallocate() }
            var rows = 0
            while try reader.next(into: row) {
                #expect(columns.indices.map { reader.text(of: $0) } == item.cells[rows], "case \(index)")
                for (column, numbers) in item.numbers.enumerated() {
                    let isNumber = columns[column].kind == .real || columns[column].kind == .integer
                    #expect(isNumber == (numbers != nil), "case \(index), column \(column)")
                    guard let numbers else { continue }
                    let expected = numbers[rows].flatMap { Double($0) }
                    #expect(expected == row[column] || expected == nil && row[column].isNaN, "case \(index)")
                }
                rows += 1
            }
            #expect(rows == item.cells.count)
        }
    }

    @Test func fuzz() {
        let report = fuzzCSV(inputs: 3_000, seed: 1)
        #expect(report.failures.isEmpty, "\(report)")
        #expect(report.accepted > 50, "\(report)")
    }
}
