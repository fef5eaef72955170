import CitiusTestSupport
import Foundation
import Synchronization
import Testing

@testable import CitiusData
@testable import CitiusTensor

@Suite struct BatchesTests {
    @Test(arguments: [1, 2, 3, 7, 12, 13, 100, Int.max], [0, 1, 12, 13])
    func everySampleComesOnceInOrder(_ size: Int, _ count: Int) throws {
        let batches = numbered(count).batched(size)
        var found: [[Int]] = []
        for batch in batches { found.append(try sampleNumbers(batch)) }
        #expect(found.count == batches.count)
        #expect(found.flatMap { $0 } == Array(0..<count))
        #expect(found.dropLast().allSatisfy { $0.count == size })
        #expect(found.allSatisfy { !$0.isEmpty && $0.count <= size })
        #expect(batches.sampleCount == count)
    }

    @Test func aBatchLargerThanTheDataIsOneBatch() {
        #expect(numbered(5).batched(32).count == 1)
        #expect(Array(numbered(5).batched(32)).map(\.count) == [5])
        #expect(Array(numbered(5).batched(2)).map(\.count) == [2, 2, 1])
    }

    @Test func anEmptyDatasetHasNoBatches() {
        #expect(numbered(0).batched(4).count == 0)
        #expect(Array(numbered(0).batched(4).prefetched()).isEmpty)
    }

    @Test func shufflingIsReproducibleAndWeightsFollow() throws {
        let data = numbered(50)
        let batches = data.batched(8).shuffled(seed: 11)
        let order = try batches.flatMap { try sampleNumbers($0) }
        #expect(order.sorted() == Array(0..<50))
        #expect(order != Array(0..<50))
        #expect(try batches.flatMap { try sampleNumbers($0) } == order)
        let other = data.batched(8).shuffled(seed: 12)
        #expect(try other.flatMap { try sampleNumbers($0) } != order)
    }

    @Test func subsetsAreShuffledWithinThemselves() throws {
        let some = numbered(50).subset([40, 30, 20, 10]).scaled(by: 0.5)
        let batches = some.batched(3).shuffled(seed: 1)
        #expect(try batches.flatMap { try sampleNumbers($0, scale: 0.5) }.sorted() == [10, 20, 30, 40])
    }

    /// Large enough for the pool, with odd sizes; against a loop.
    @Test(arguments: [true, false]) func largeBatchesAreGatheredRight(_ isScaled: Bool) {
        var random = SplitMix64(seed: 5)
        let (count, side) = (331, 29)
        let bytes = (0..<count * side * side).map { _ in UInt8.random(in: 0 ... .max, using: &random) }
        let data = Dataset(
            inputs: Tensor(bytes, shape: [count, side, side, 1]),
            targets: Tensor((0..<count).map { Int32($0) }))
        let prepared = isScaled ? data.scaled(by: 1.0 / 255) : data
        var taken = 0
        for batch in prepared.batched(300).shuffled(seed: 2) {
            let rows = batch.targets.elements(as: Int32.self)
            let expected = rows.flatMap { row in
                bytes[Int(row) * side * side..<(Int(row) + 1) * side * side].map { byte in
                    isScaled ? Float(byte) / 255 : Float(byte)
                }
            }
            #expect(batch.inputs.elements() == expected)
            #expect(batch.inputs.shape == [rows.count, side, side, 1])
            taken += rows.count
        }
        #expect(taken == count)
    }

    @Test(arguments: [DType.uint8, .int8, .int32, .int64, .float32, .float64, .bool])
    func targetsOfEveryTypeAreGathered(_ dtype: DType) {
        func check<T: Scalar>(_ values: [T]) {
            let data = Dataset(inputs: Tensor(zeros: [values.count]), targets: Tensor(values))
            #expect(data.subset([2, 0, 2]).targets.elements() == [values[2], values[0], values[2]])
        }
        switch dtype {
        case .uint8: check([7, 8, 9] as [UInt8])
        case .int8: check([7, -8, 127] as [Int8])
        case .int32: check([7, -8, 1 << 30] as [Int32])
        case .int64: check([7, -8, 1 << 60] as [Int64])
        case .float32: check([0.5, -8, 1e30] as [Float])
        case .float64: check([0.5, -8, 1e300])
        case .bool: check([true, false, false])
        }
    }

    @Test func plainFloatsInOrderAreViews() throws {
        let inputs = Tensor((0..<12).map { Float($0) }, shape: [6, 2])
        let batch = try #require(
            Dataset(inputs: inputs, targets: inputs).batched(4).first { _ in true })
        #expect(batch.inputs.storage === inputs.storage)
        #expect(batch.targets.storage === inputs.storage)
    }

    /// The next batch's inputs are begun ahead; who copies an iterator or drops it notices nothing.
    @Test func copiedIteratorsGiveTheSameBatches() {
        let inputs = Tensor((0..<10 * 6).map { UInt8($0) }).reshaped(to: [10, 2, 3])
        let data = Dataset(inputs: inputs, targets: Tensor(range: 0..<10))
        let batches = data.batched(3).shuffled(seed: 4)
        var first = batches.makeIterator()
        let expected = batches.map { $0.inputs }
        #expect(first.next()?.inputs == expected[0])
        var second = first
        var changed = first.next()
        changed?.inputs[0] = Tensor(zeros: [2, 3])
        #expect(second.next()?.inputs == expected[1])
        #expect(first.next()?.inputs == expected[2] && first.next()?.inputs == expected[3])
        #expect(first.next() == nil && first.next() == nil)
        #expect(second.next()?.inputs == expected[2])
    }

    @Test func mapIsLazyAndChains() throws {
        let calls = Counter()
        let batches = numbered(5).batched(2).mapped { batch in
            calls.add()
            return Batch(inputs: batch.inputs, targets: batch.inputs, sampleWeights: batch.sampleWeights)
        }.mapped { batch in
            Batch(inputs: batch.targets, targets: batch.targets)
        }
        #expect(calls.count == 0)
        #expect(batches.count == 3)
        let made = Array(batches)
        #expect(made.count == 3)
        #expect(calls.count == 3)
        #expect(made.allSatisfy { $0.sampleWeights == nil && $0.targets.shape[1] == 3 })
        let counts: [Int] = numbered(5).batched(2).map { $0.count }
        #expect(counts == [2, 2, 1])
    }

    @Test func aSizeBelowOneTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = numbered(3).batched(0)
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("batched: the size is 0, expected at least 1"))
    }
}

/// Counts from any thread, and can be watched for its end.
final class Counter: Sendable {
    private let value = Atomic<Int>(0)
    var count: Int { value.load(ordering: .sequentiallyConsistent) }
    func add() { value.add(1, ordering: .sequentiallyConsistent) }
}
