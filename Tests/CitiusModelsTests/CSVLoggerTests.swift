import CitiusTensor
import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusModels

@Suite struct CSVLoggerTests {
    /// A training whose logs are just these.
    private final class Table: Callback {
        let rows: [[(name: String, value: Double)]]
        init(_ rows: [[(name: String, value: Double)]]) { self.rows = rows }
        override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
            logs = [:]
            for (name, value) in rows[epoch] { logs[name] = value }
        }
    }

    @Test(arguments: GoldenFile.load("callbacks/CSVLogger").cases)
    func writesWhatKerasWrites(_ golden: GoldenCase) throws {
        let names = golden.text("names").split(separator: "|").map { String($0) }
        let values = golden.tensor("table")
        let rows = (0..<values.shape[0]).map { row in
            let numbers = values[row].elements(as: Double.self)
            return zip(names, numbers).filter { $1 >= 0 }.map { (name: $0, value: $1) }
        }
        try withTemporaryFolder { folder in
            let path = folder + "/log.csv"
            if !golden.text("before").isEmpty { try write(Array(golden.text("before").utf8), to: path) }
            let logger = CSVLogger(path, separator: golden.text("separator"), append: golden.flag("append"))
            try linearModel().fit(
                linearData(count: 2), epochs: rows.count, verbose: .silent, callbacks: [Table(rows), logger])
            #expect(try String(contentsOfFile: path, encoding: .utf8) == golden.text("text"))
        }
    }

    @Test func whatCannotBeWrittenEndsTheTraining() throws {
        let model = linearModel()
        let error = #expect(throws: TrainingError.self) {
            try model.fit(
                linearData(count: 2), epochs: 3, verbose: .silent,
                callbacks: [CSVLogger("/no/folder/log.csv")])
        }
        #expect(error?.description.contains("CSVLogger: /no/folder/log.csv cannot be written") == true)
    }

    @Test func mistakesTrap() async {
        let separator = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = CSVLogger("log.csv", separator: ", ")
        }
        #expect(errorText(of: separator).contains("CSVLogger: separator is \", \", expected one character"))
    }
}
