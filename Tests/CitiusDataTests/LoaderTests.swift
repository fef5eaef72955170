import CitiusTestSupport
import Foundation
import Synchronization
import Testing

@testable import CitiusData
@testable import CitiusTensor

/// A stream of `numbered` samples in pieces of uneven sizes, that may fail.
struct NumberedStream: SampleStream {
    var samples: Int
    var pieces = [3, 1, 4, 1, 5]
    var failsAfter: Int?
    var saysCount = false
    var count: Int? { saysCount ? samples : nil }

    func makeReader() -> any SampleReader { Reader(self) }

    private final class Reader: SampleReader {
        private let stream: NumberedStream
        private let data: Dataset
        private var position = 0
        private var pieces = 0

        init(_ stream: NumberedStream) {
            self.stream = stream
            data = numbered(stream.samples)
        }

        func next() throws(DataError) -> Dataset? {
            if let limit = stream.failsAfter, position >= limit {
                throw DataError(.malformed, "line \(position) is torn")
            }
            guard position < data.count else { return nil }
            let end = min(data.count, position + stream.pieces[pieces % stream.pieces.count])
            defer { position = end }
            pieces += 1
            return data.subset(position..<end)
        }
    }
}

/// Samples that are made on demand.
struct NumberedSource: SampleSource {
    let count: Int
    var failsAt = -1
    func batch(of samples: ArraySlice<Int>) throws(DataError) -> Batch {
        if samples.contains(failsAt) { throw DataError(.unreadable, "sample \(failsAt) cannot be read") }
        return numbered(count).batch(of: samples)
    }
}

@Suite struct LoaderTests {
    /// The same recipe over each kind of source.
    static func recipes(_ count: Int, _ size: Int, dropRemainder: Bool = false) -> [Batches] {
        [
            numbered(count).batched(size, dropRemainder: dropRemainder),
            numbered(count).subset(Array(0..<count)).batched(size, dropRemainder: dropRemainder),
            NumberedSource(count: count).batched(size, dropRemainder: dropRemainder),
            NumberedStream(samples: count).batched(size, dropRemainder: dropRemainder),
            NumberedStream(samples: count, saysCount: true).batched(size, dropRemainder: dropRemainder),
        ]
    }

    private func numbers(_ batches: Batches) throws -> [[Int]] { try batches.map { try sampleNumbers($0) } }

    @Test(arguments: [0, 1, 12, 13, 50], [1, 5, 12, 64, Int.max])
    func everySourceGivesTheSameBatches(_ count: Int, _ size: Int) throws {
        let expected = stride(from: 0, to: count, by: min(size, 100)).map {
            Array($0..<min(count, $0 + min(size, 100)))
        }
        for batches in Self.recipes(count, size) {
            #expect(try numbers(batches) == expected)
            #expect(try numbers(batches.prefetched(3)) == expected)
            #expect(try numbers(batches.mapped(parallel: 3) { $0 }) == expected)
            #expect(batches.count == nil || batches.count == expected.count)
        }
        for batches in Self.recipes(count, size, dropRemainder: true) {
            #expect(try numbers(batches) == expected.filter { $0.count == size })
            #expect(batches.count == nil || batches.count == expected.filter { $0.count == size }.count)
        }
    }

    /// Order and random transforms follow from the seed, the pass and the batch alone.
    @Test func threadsChangeNothing() throws {
        for batches in Self.recipes(203, 8) {
            let noisy = batches.shuffled(seed: 3, buffer: 50).mapped { batch, random in
                var batch = batch
                batch.inputs = batch.inputs + Tensor(uniform: batch.inputs.shape, using: &random)
                return batch
            }
            func made(_ batches: Batches, _ pass: Int) -> [Tensor] {
                batches.pass(pass).flatMap { [$0.inputs, $0.targets] }
            }
            let first = made(noisy, 0)
            let targets = stride(from: 1, to: first.count, by: 2).flatMap {
                first[$0].elements(as: Int64.self)
            }
            #expect(targets.sorted() == Array(0..<203))
            #expect(targets != Array(0..<203))
            for threads in 1...4 {
                #expect(made(noisy.mapped(parallel: threads) { $0 }.prefetched(threads), 0) == first)
            }
            #expect(made(noisy, 1) != first)
            #expect(made(noisy.shuffled(seed: 4, buffer: 50), 0) != first)
        }
    }

    @Test func aPassCanBeginAnywhere() throws {
        for batches in Self.recipes(61, 4) {
            let shuffled = batches.shuffled(seed: 9, buffer: 20).mapped(parallel: 2) { $0 }
            let all = try shuffled.pass(2).map { try sampleNumbers($0) }
            for start in [0, 1, 7, 15, 16, 40] {
                let rest = try shuffled.pass(2, startingAt: start).map { try sampleNumbers($0) }
                #expect(rest == Array(all.dropFirst(start)))
            }
        }
    }

    @Test func withoutASeedEachIterationHasItsOrder() throws {
        let batches = numbered(100).batched(10).shuffled()
        #expect(try numbers(batches) != numbers(batches))
    }

    /// Batch i of all parts together is batch i of the whole.
    @Test(arguments: [1, 2, 3, 7], [0, 1, 5, 24, 25, 100]) func shards(_ parts: Int, _ count: Int) throws {
        for (kind, recipe) in Self.recipes(count, 4).enumerated() {
            let shards = (0..<parts).map { recipe.sharded($0, of: parts) }
            let found = try shards.map { try numbers($0) }
            #expect(found.flatMap { $0 }.flatMap { $0 }.sorted() == Array(0..<count))
            for (shard, batches) in zip(shards, found) {
                #expect(shard.count == nil || shard.count == batches.count)
                #expect(shard.sampleCount == nil || shard.sampleCount == batches.flatMap { $0 }.count)
            }
            let whole = try numbers(Self.recipes(count, 4 * parts)[kind])
            for (index, batch) in whole.enumerated() {
                #expect(
                    found.flatMap { index < $0.count ? $0[index] : [] }.sorted() == batch)
            }
            let shuffled = try shards.map { try numbers($0.shuffled(seed: 1)) }
            #expect(shuffled.flatMap { $0 }.flatMap { $0 }.sorted() == Array(0..<count))
        }
        for recipe in Self.recipes(count, 4, dropRemainder: true) where recipe.count != nil {
            let counts = try (0..<parts).map { try numbers(recipe.sharded($0, of: parts)).map(\.count) }
            #expect(counts.allSatisfy { $0 == Array(repeating: 4, count: count / (4 * parts)) })
        }
    }

    /// By the frequencies' standard deviation.
    @Test func samplingFollowsWeights() throws {
        let weights: [Double] = [0, 1, 3, 0, 4, 0]
        let batches = numbered(6).batched(100).sampled(by: weights, count: 8_000, seed: 5)
        #expect(batches.count == 80)
        let found = try numbers(batches).flatMap { $0 }
        #expect(found.count == 8_000)
        for (number, weight) in weights.enumerated() {
            let count = Double(found.filter { $0 == number }.count)
            let tolerance = 4 * (1_000 * weight * (1 - weight / 8)).squareRoot()
            #expect(abs(count - 1_000 * weight) <= tolerance)
        }
        #expect(try numbers(batches.sharded(1, of: 2)).flatMap { $0 }.count == 4_000)
    }

    @Test func errorsComeInTheirPlace() throws {
        let recipes = [
            NumberedStream(samples: 30, failsAfter: 17).batched(4),
            NumberedSource(count: 250, failsAt: 166).batched(25).mapped { $0 },
            numbered(30).batched(4).mapped { batch throws(DataError) in
                if batch.targets.elements(as: Int64.self).contains(17) {
                    throw DataError(.malformed, "17 is a bad number")
                }
                return batch
            },
        ]
        for (recipe, expected) in zip(recipes, [4, 6, 4]) {
            for batches in [recipe, recipe.prefetched(), recipe.mapped(parallel: 3) { $0 }] {
                var iterator = batches.makeIterator()
                var count = 0
                #expect(throws: DataError.self) {
                    while try iterator.nextBatch() != nil { count += 1 }
                }
                #expect(count == expected)
                #expect(try iterator.nextBatch() == nil)
            }
        }
    }

    @Test func aForLoopTrapsWithTheError() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            for _ in NumberedStream(samples: 30, failsAfter: 17).batched(4) {}
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("line 17 is torn (Iterate by nextBatch() to catch this.)"))
    }

    /// Each sample comes once, out of the next `buffer`.
    @Test(arguments: [1, 2, 16, 500]) func aStreamIsShuffledWithinItsBuffer(_ buffer: Int) throws {
        let order = try numbers(
            NumberedStream(samples: 200).batched(7).shuffled(seed: 1, buffer: buffer)
        ).flatMap { $0 }
        #expect(order.sorted() == Array(0..<200))
        #expect((order == Array(0..<200)) == (buffer == 1))
        for (place, number) in order.enumerated() { #expect(number < place + buffer) }
    }

    @Test func aStreamIsScaledAndPiecesMustBeAlike() async throws {
        struct Mixed: SampleStream {
            func makeReader() -> any SampleReader { Reader() }
            final class Reader: SampleReader {
                var count = 0
                func next() -> Dataset? {
                    count += 1
                    return count == 1
                        ? numbered(3).scaled(by: 0.5)
                        : Dataset(inputs: Tensor(zeros: [3, 4]), targets: Tensor(zeros: [3]))
                }
            }
        }
        let first = try #require(Mixed().batched(3).first { _ in true })
        #expect(try sampleNumbers(first, scale: 0.5) == [0, 1, 2])
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            for _ in Mixed().batched(5) {}
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("expected pieces alike"))
    }

    @Test func badNumbersTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = numbered(3).batched(1).sampled(by: [1, -1, 1])
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("sampled: a weight is -1.0, expected finite numbers of at least 0"))
        let other = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = numbered(3).batched(1).sharded(2, of: 2)
        }
        let otherText = String(decoding: other?.standardErrorContent ?? [], as: UTF8.self)
        #expect(otherText.contains("sharded: the part is 2 of 2, expected one of 0..<2"))
    }
}

@Suite struct ClassBalanceTests {
    private func labelled(_ labels: [Int64]) -> Dataset {
        Dataset(inputs: Tensor(range: 0..<labels.count), targets: Tensor(labels))
    }

    /// Values of scikit-learn 1.5: `compute_class_weight("balanced", classes=[0, 1, 5], y=[0, 0, 0, 1, 5, 5])`.
    @Test func balancedWeights() {
        let data = labelled([0, 0, 0, 1, 5, 5])
        #expect(data.classCounts() == [0: 3, 1: 1, 5: 2])
        let third = 6.0 / 9
        let weights: [Int: Double] = [0: third, 1: 2, 5: 1]
        #expect(data.balancedClassWeights() == weights)
        let sampleWeights: [Double] = [third, third, third, 2, 1, 1]
        #expect(data.balancedSampleWeights() == sampleWeights)
        let some = data.subset([3, 4, 5])
        #expect(some.classCounts() == [1: 1, 5: 2])
        let oneHot = Dataset(
            inputs: Tensor(zeros: [3, 1]), targets: Tensor([0, 1, 1, 0, 0, 1] as [Float], shape: [3, 2]))
        #expect(oneHot.classCounts() == [0: 1, 1: 2])
        #expect(labelled([]).balancedClassWeights().isEmpty)
    }

    @Test func balancedSamplingEvensOut() {
        let data = labelled(Array(repeating: 0, count: 990) + Array(repeating: 1, count: 10))
        let drawn = data.batched(100).sampled(by: data.balancedSampleWeights(), seed: 2)
            .flatMap { $0.targets.elements(as: Int64.self) }
        // 1,000 draws of one half: four standard deviations.
        #expect(abs(drawn.filter { $0 == 1 }.count - 500) <= 64)
    }

    @Test(arguments: [0, 0.1, 0.25, 0.5, 0.8, 1]) func stratifiedSplits(_ fraction: Double) {
        var generator = RandomGenerator(seed: 1)
        let sizes = [57, 3, 1, 140]
        let labels = sizes.enumerated().flatMap { Array(repeating: Int64($0.offset), count: $0.element) }
        let data = labelled(labels)
        let (first, second) = data.split(at: fraction, stratifiedUsing: &generator)
        let plain = data.split(at: fraction)
        #expect((first.count, second.count) == (plain.0.count, plain.1.count))
        let numbers = [first, second].flatMap { $0.inputs.cast(to: .int64).elements(as: Int64.self) }
        #expect(numbers.sorted() == (0..<Int64(data.count)).map { $0 })
        for (label, size) in sizes.enumerated() {
            let share = Double(first.classCounts()[label] ?? 0)
            #expect(abs(share - Double(size) * fraction) < 1)
        }
        if fraction == 0.5 { #expect(first.targets.elements(as: Int64.self) != labels.sorted()) }
    }
}
