import Foundation
import Testing

@testable import CitiusData
@testable import CitiusTensor

/// The contents of an IDX file, put together by hand.
func idx(_ code: UInt8, _ sizes: [UInt32], _ elements: [UInt8]) -> [UInt8] {
    [0, 0, code, UInt8(sizes.count)]
        + sizes.flatMap { size in (0..<4).map { UInt8(truncatingIfNeeded: size >> (24 - 8 * $0)) } }
        + elements
}

/// The error that `body` throws.
func dataError(
    _ body: () throws -> Void, sourceLocation: SourceLocation = #_sourceLocation
) throws -> DataError {
    try #require(throws: DataError.self, sourceLocation: sourceLocation, performing: body)
}

/// A data set that says of every number which sample it belongs to: input [i, i + 1, i + 2], target i,
/// weight i / 2.
func numbered(_ count: Int) -> Dataset {
    Dataset(
        inputs: Tensor((0..<count).flatMap { i in (0..<3).map { UInt8(i + $0) } }, shape: [count, 3]),
        targets: Tensor((0..<count).map { Int64($0) }),
        sampleWeights: Tensor((0..<count).map { Float($0) / 2 }),
        metadata: Metadata(name: "Numbers", classNames: ["a", "b"]))
}

/// The samples' numbers, after a check that inputs, targets and weights agree on them.
func sampleNumbers(
    _ batch: Batch, scale: Float = 1, sourceLocation: SourceLocation = #_sourceLocation
) throws -> [Int] {
    let targets = batch.targets.elements(as: Int64.self)
    let weights = try #require(batch.sampleWeights).elements(as: Float.self)
    #expect(weights == targets.map { Float($0) / 2 }, sourceLocation: sourceLocation)
    #expect(batch.inputs.shape == [targets.count, 3], sourceLocation: sourceLocation)
    let inputs = batch.inputs.elements(as: Float.self)
    #expect(
        inputs == targets.flatMap { i in (0..<3).map { Float(Int(i) + $0) * scale } },
        sourceLocation: sourceLocation)
    return targets.map { Int($0) }
}
