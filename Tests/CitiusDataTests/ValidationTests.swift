import CitiusTestSupport
import Testing

@testable import CitiusData
@testable import CitiusTensor

@Suite struct DataReportTests {
    private func data(_ rows: [[Float]], _ labels: [Int64], names: [String] = ["a", "b"]) -> Dataset {
        Dataset(
            inputs: Tensor(rows.flatMap { $0 }, shape: [rows.count, rows.first?.count ?? 2]),
            targets: Tensor(labels), metadata: Metadata(name: "Test", classNames: names))
    }

    private func kinds(_ report: DataReport) -> [DataReport.Kind] { report.findings.map(\.kind) }

    @Test func goodDataHaveNothing() throws {
        let report = data([[1, 2], [2, 1], [0, 1]], [0, 1, 1]).validated(against: data([[3, 4]], [0]))
        #expect(report.description == "Test: 3 samples, 2 classes\nnothing found")
        #expect(report.classCounts == [1, 2])
        try report.check()
        // Values of a regression are no labels; neither are those of no class names.
        let regression = Dataset(
            inputs: Tensor([1, 2, 3, 4] as [Float], shape: [2, 2]), targets: Tensor([0.5, -2]))
        #expect(regression.validated().findings.isEmpty)
    }

    @Test func eachFaultIsFound() throws {
        let report = data(
            [[1, .nan], [1, 2], [.infinity, 0], [5, 5], [1, 2], [-0.0, 7], [0, 7]], [0, 1, 0, 7, 0, -1, 0]
        ).validated()
        #expect(
            report.description == """
                Test: 7 samples, 2 classes
                fault: 2 samples have labels outside of 0..<2 (3, 5).
                fault: 2 samples have NaN or infinite inputs (0, 2).
                warning: 1 sample are constant: all of their inputs are one number (3).
                warning: 2 samples repeat the inputs of others, such as 4 those of 1.
                warning: 2 samples repeat the inputs of others under another target (4, 6).
                """)
        let error = try dataError { try report.check() }
        #expect(error.kind == .invalidLabel)
        #expect(
            error.message.hasPrefix("Test: 2 samples have labels outside of 0..<2 (3, 5); 2 samples have NaN")
        )
        try report.check(except: [.labels, .notFinite])
        let targets = Dataset(
            inputs: Tensor([1, 2] as [Float], shape: [2, 1]), targets: Tensor([.nan, 1]),
            sampleWeights: Tensor([1, .infinity] as [Float]))
        #expect(kinds(targets.validated()) == [.notFinite, .notFinite])
        #expect(kinds(data([], []).validated()) == [.empty])
        #expect(throws: DataError.self) { try data([], []).validated().check() }
    }

    @Test func classesOfVeryDifferentSizesAreNamed() {
        let rows = (0..<40).map { [Float($0), 1.5] }
        let report = data(rows, (0..<40).map { $0 == 3 ? 1 : 0 }, names: ["cat", "dog", "cow"]).validated()
        #expect(kinds(report) == [.imbalance, .imbalance])
        #expect(report.findings[0].message == "1 of 3 classes have no samples, such as \"cow\"")
        #expect(report.findings[1].message.contains("class \"cat\" has 39 samples and class \"dog\" 1"))
        #expect(data(rows, (0..<40).map { $0 % 2 }).validated().findings.isEmpty)
        #expect(kinds(data(rows, (0..<40).map { $0 % 2 }).validated(classCount: 3)) == [.imbalance])
    }

    /// By content, however it is stored.
    @Test func leakageIsFound() throws {
        let train = Dataset(
            inputs: Tensor((0..<600).map { UInt8(truncatingIfNeeded: $0 % 250) }, shape: [300, 2]).reshaped(
                to: [300, 2]), targets: Tensor(range: 0..<300))
        let held = train.inputs
        let validation = Dataset(
            inputs: Tensor.concatenate([Tensor([251, 1] as [Float], shape: [1, 2]), held[20..<21]]),
            targets: Tensor(range: 0..<2))
        let report = train.validated(against: validation)
        let leak = try #require(report.findings.first { $0.kind == .leakage })
        #expect(leak.samples == [1])
        #expect(
            leak.message
                == "1 sample of the validation have the inputs of training samples, such as 1 those of 20")
        #expect(train.validated(against: validation.prefix(1)).faults.isEmpty)
    }
}
