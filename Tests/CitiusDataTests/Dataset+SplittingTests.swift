import CitiusTestSupport
import Testing

@testable import CitiusData
@testable import CitiusTensor

@Suite struct DatasetSplittingTests {
    /// The samples' numbers, checked through one batch of all of them.
    private func numbers(_ data: Dataset) throws -> [Int] {
        let batches = Array(data.batched(Swift.max(1, data.count)))
        let found = try batches.flatMap { try sampleNumbers($0) }
        #expect(data.targets.elements(as: Int64.self) == found.map { Int64($0) })
        #expect(data.storedInputs.shape == [found.count, 3])
        #expect(data.sampleWeights?.shape == [found.count])
        #expect(data.metadata == numbered(1).metadata)
        return found
    }

    @Test func rangesAreViews() throws {
        let data = numbered(10)
        let middle = data.subset(3..<7)
        #expect(try numbers(middle) == [3, 4, 5, 6])
        #expect(middle.heldInputs[0].storage === data.heldInputs[0].storage)
        #expect(middle.heldTargets[0].storage === data.heldTargets[0].storage)
        #expect(middle.heldWeights?.storage === data.heldWeights?.storage)
        #expect(try numbers(middle.subset(1..<3)) == [4, 5])
        #expect(try numbers(data.prefix(2)) == [0, 1])
        #expect(data.prefix(99).count == 10)
        #expect(data.subset(10..<10).isEmpty)
    }

    @Test func listsOfIndicesKeepTheirOrder() throws {
        let data = numbered(10)
        let some = data.subset([7, 0, 7, 3])
        #expect(try numbers(some) == [7, 0, 7, 3])
        #expect(some.heldInputs[0].storage === data.heldInputs[0].storage)
        #expect(try numbers(some.subset(1..<3)) == [0, 7])
        #expect(try numbers(some.subset([3, 1])) == [3, 0])
        #expect(try numbers(data.subset(5..<9).subset([3, 0])) == [8, 5])
    }

    @Test(arguments: [(10, 0.8, 8), (7, 0.5, 4), (100, 0.29, 29), (3, 0, 0), (3, 1, 3), (0, 0.5, 0)])
    func splitsRoundToWholeSamples(_ count: Int, _ fraction: Double, _ expected: Int) throws {
        let (first, rest) = numbered(count).split(at: fraction)
        #expect(first.count == expected)
        #expect(try numbers(first) + numbers(rest) == Array(0..<count))
    }

    @Test func shufflesPermuteAllPartsAlike() throws {
        var generator = RandomGenerator(seed: 7)
        let data = numbered(100)
        let once = data.shuffled(using: &generator)
        let twice = once.shuffled(using: &generator)
        let order = try numbers(once)
        #expect(order != Array(0..<100))
        #expect(order.sorted() == Array(0..<100))
        #expect(try numbers(twice) != order)
        #expect(try numbers(twice).sorted() == Array(0..<100))
        var again = RandomGenerator(seed: 7)
        #expect(try numbers(data.shuffled(using: &again)) == order)
        var other = RandomGenerator(seed: 8)
        #expect(try numbers(data.shuffled(using: &other)) != order)
    }

    /// Every one of the 24 orders of four samples should come about 500 times of 12,000; six standard
    /// deviations are 131.
    @Test func everyOrderIsAsLikely() {
        var generator = RandomGenerator(seed: 3)
        var counts: [[Int]: Int] = [:]
        for _ in 0..<12_000 { counts[shuffledNumbers(4, using: &generator), default: 0] += 1 }
        #expect(counts.count == 24)
        #expect(counts.values.allSatisfy { abs($0 - 500) < 131 }, "\(counts)")
    }

    @Test func neighboursAreJoinedWithoutACopy() throws {
        let data = numbered(9)
        let (first, rest) = data.split(at: 0.4)
        let joined = first.appending(rest)
        #expect(try numbers(joined) == Array(0..<9))
        #expect(joined.heldInputs[0].storage === data.heldInputs[0].storage)
        #expect(joined.heldWeights?.storage === data.heldWeights?.storage)
    }

    @Test func othersAreJoinedByACopy() throws {
        let (first, rest) = numbered(9).split(at: 0.4)
        #expect(try numbers(rest.appending(first)) == [4, 5, 6, 7, 8, 0, 1, 2, 3])
        #expect(try numbers(rest.subset([2, 0]).appending(first)) == [6, 4, 0, 1, 2, 3])
        #expect(try numbers(first.appending(first.prefix(0))) == [0, 1, 2, 3])
    }

    /// Of one memory, in its order, and yet no neighbours: between them lie samples that belong to neither.
    @Test func subsetsThatDoNotTouchAreJoinedByACopy() throws {
        let data = numbered(9)
        #expect(try numbers(data.subset(0..<3).appending(data.subset(5..<8))) == [0, 1, 2, 5, 6, 7])
        // Overlapping ones too: what they share comes twice.
        #expect(try numbers(data.subset(0..<4).appending(data.subset(2..<5))) == [0, 1, 2, 3, 2, 3, 4])
        #expect(try numbers(data.subset(3..<5).appending(data.subset(3..<5))) == [3, 4, 3, 4])
    }

    @Test func otherShapesAreNotJoined() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = numbered(3).scaled(by: 2).appending(numbered(3))
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("appending: inputs [3] uint8 scaled by 2.0 and [3] uint8, expected alike"))
    }
}
