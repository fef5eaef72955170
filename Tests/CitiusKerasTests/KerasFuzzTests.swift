import CitiusKerasFuzz
import Testing

/// Damaged and hostile files, a short run of what `citius-fuzz` does at length.
@Suite struct KerasFuzzTests {
    @Test(arguments: KerasPart.allCases) func mutatedFilesEndInAnAnswer(_ part: KerasPart) {
        let seed = UInt64.random(in: 0 ... .max)
        let report = fuzzKeras(part, inputs: 400, seed: seed)
        #expect(report.failures.isEmpty, "seed \(seed)\n\(report)")
        #expect(report.accepted > 4 && report.accepted < 390, "seed \(seed)\n\(report)")
    }
}
