import Citius
import CitiusPlatform
import CitiusTestSupport
import Testing

@testable import CitiusTechniques

/// Learning rate tests, time trials, what is made of their times, and advice.
@Suite struct ComparingTests {
    let data = twoClasses(count: 200)

    // MARK: The learning rate

    @Test func theRangeTestFindsARateAndLeavesNoTrace() throws {
        let model = classifier(optimizer: SGD(learningRate: 0.1, momentum: 0.9))
        try train(model, data, [])
        let (weights, random) = (model.weights, model.generator)
        let test = try model.findLearningRate(on: data, batchSize: 20, rates: 1e-5...1000, steps: 100)
        #expect(model.weights == weights && model.generator == random && model.optimizer?.learningRate == 0.1)
        #expect(test.rates.count == test.losses.count && test.rates[0] == 1e-5)
        let ratios = zip(test.rates, test.rates.dropFirst()).map { $1 / $0 }
        #expect(ratios.allSatisfy { abs($0 / ratios[0] - 1) < 1e-9 })
        #expect(test.suggestion > 1e-4 && test.suggestion < 10, "\(test.suggestion)")
        // As if it had not been: the next steps are the same.
        let other = classifier(optimizer: SGD(learningRate: 0.1, momentum: 0.9))
        try train(other, data, [])
        try train(model, data, [])
        try train(other, data, [])
        #expect(model.weights == other.weights)
    }

    @Test func theSteepestAndTheSmallestLossAreFound() {
        let rates = (0..<50).map { 1e-4 * Double(1 << ($0 / 4)) }
        // A fall about the thirtieth, the smallest at the fortieth.
        let losses = (0..<50).map { (step: Int) -> Double in
            step < 40 ? 1 / (1 + exp(Double(step - 30))) : Double(step - 39)
        }
        let test = LearningRateTest(rates: rates, losses: losses)
        #expect(test.steepest == rates[30] && test.suggestion == rates[39] / 10)
    }

    // MARK: Time trials

    private func recipe(_ techniques: @escaping () -> [any Technique] = { [] }, epochs: Int = 30) -> Recipe {
        Recipe(batchSize: 16, epochs: epochs, techniques: techniques) { classifier(seed: $0) }
    }

    @Test func aTrialEndsAtItsTarget() throws {
        let (train, validation) = data.split(at: 0.8)
        let trial = try TimeTrial(recipe(), seed: 3, train: train, validation: validation, target: 0.9)
        let reached = try #require(trial.secondsToTarget)
        #expect(trial.points.last?.value ?? 0 >= 0.9 && trial.points.dropLast().allSatisfy { $0.value < 0.9 })
        #expect(trial.points.last?.seconds ?? 0 <= trial.seconds && reached <= trial.seconds)
        #expect(zip(trial.points, trial.points.dropFirst()).allSatisfy { $0.seconds <= $1.seconds })
        #expect(trial.points.count < 30 * 4)
        // Four evaluations a pass.
        #expect(abs(trial.points[0].progress - 1.0 / 120) < 0.01)
        let never = try TimeTrial(
            recipe(epochs: 1), seed: 3, train: train, validation: validation, target: 2, test: data)
        #expect(never.time == .infinity && never.points.count >= 4 && never.testValue != nil)
    }

    /// Takes its time before the first step.
    private final class Slow: Technique {
        func prepare(_ training: Training) {
            let end = nanoseconds() + 50_000_000
            while nanoseconds() < end {}
        }
    }

    @Test func preparationsCountAndEvaluationsDoNot() throws {
        let trial = try TimeTrial(
            recipe({ [Slow()] }, epochs: 1), seed: 3, train: data, validation: data, target: 2)
        #expect(trial.points[0].seconds > 0.05)
        let clock = Stopwatch()
        clock.stop()
        let stopped = clock.seconds
        let end = nanoseconds() + 1_000_000
        while nanoseconds() < end {}
        #expect(clock.seconds == stopped)
        clock.run()
        #expect(clock.seconds > stopped)
    }

    @Test func averagesAreWhatIsEvaluated() throws {
        // An average that hardly moves cannot reach what the weights do.
        let stuck = try TimeTrial(
            recipe({ [ExponentialMovingAverage(0, during: 0..<1e-9)] }, epochs: 3), seed: 3, train: data,
            validation: data, target: 2)
        let plain = try TimeTrial(recipe(epochs: 3), seed: 3, train: data, validation: data, target: 2)
        #expect(Set(stuck.points.map(\.value)).count == 1 && Set(plain.points.map(\.value)).count > 1)
    }

    // MARK: Statistics

    @Test func ratiosArePaired() {
        let ratio = PairedRatio(
            baseline: [2, 4, 6, .infinity, 3, .infinity], other: [1, 1, 2, 5, .infinity, .infinity])
        #expect(ratio.ratios == [2, 4, 3, .infinity, 0])
        #expect(ratio.median == 3)
        // Four of five: 2 · (1 + 5) / 32.
        #expect(abs(ratio.signTest - 0.375) < 1e-12)
    }

    @Test func theSignTestIsTheBinomials() {
        func test(_ faster: Int, _ slower: Int, ties: Int = 0) -> Double {
            PairedRatio(
                baseline: [Double](repeating: 2, count: faster) + [Double](repeating: 1, count: slower)
                    + [Double](repeating: 1, count: ties),
                other: [Double](repeating: 1, count: faster) + [Double](repeating: 2, count: slower)
                    + [Double](repeating: 1, count: ties)
            ).signTest
        }
        #expect(abs(test(10, 0) - 2.0 / 1024) < 1e-15)
        #expect(abs(test(8, 2) - 2 * (1 + 10 + 45) / 1024.0) < 1e-15)
        #expect(test(5, 5) == 1 && test(0, 0, ties: 3) == 1 && test(3, 0, ties: 4) == 0.25)
    }

    @Test func intervalsHoldTheMedianAndShrinkWithTheSeeds() {
        var generator = RandomGenerator(seed: 8)
        func ratio(_ count: Int) -> PairedRatio {
            let times = Tensor(
                normal: [count], mean: 2, standardDeviation: 0.3, dtype: .float64, using: &generator)
            return PairedRatio(
                baseline: times.elements(as: Double.self), other: [Double](repeating: 1, count: count))
        }
        let (few, many) = (ratio(6), ratio(200))
        let (a, b) = (few.interval(), many.interval())
        #expect(a.low <= few.median && few.median <= a.high && b.low < 2 && 2 < b.high)
        #expect(b.high - b.low < 0.15 && a.high - a.low > b.high - b.low)
    }

    // MARK: Advice

    @Test func adviceIsOfATrainingThatReachesTheTarget() throws {
        let model = classifier(optimizer: SGD(learningRate: 0.02))
        let weights = model.weights
        let advice = try model.advise(
            on: twoClasses(count: 600), target: .validationAccuracy(0.93), budget: .seconds(4), epochs: 20,
            verbose: .silent)
        #expect(model.weights == weights)
        #expect(advice.ranking.count >= 3 && advice.ranking.contains { $0.swift == "epochs: 20" })
        let speeds = advice.ranking.map(\.speedup)
        #expect(zip(speeds, speeds.dropFirst()).allSatisfy { !($0 < $1) })
        #expect(advice.ranking[0].seconds.isFinite && advice.ranking[0].best >= 0.93)
        #expect(advice.description.contains("try model.fit(train, epochs: "))
        #expect(advice.ranking.first { $0.swift == "epochs: 20" }?.techniques().isEmpty ?? false)
        // The winner can be run as it is given, again and again.
        let winner = advice.ranking[0]
        #expect(winner.swift.contains("epochs: \(winner.epochs)"))
        for _ in 0..<2 {
            try train(classifier(), data, epochs: winner.epochs, winner.techniques())
        }
    }

    @Test func adviceNamesABatchSizeThatIsNotTheDefault() throws {
        let advice = try classifier().advise(
            on: data, target: .validationAccuracy(0.5), budget: .seconds(0.5), batchSize: 20, epochs: 2,
            verbose: .silent)
        #expect(advice.swift.hasPrefix("try model.fit(train, batchSize: 20, epochs: "), "\(advice.swift)")
    }

    @Test func adviceNeedsTheMetric() {
        let model = classifier()
        model.compile(optimizer: .adam, loss: .sparseCategoricalCrossentropy)
        #expect(throws: TechniqueError.self) {
            try model.advise(on: data, target: .validationAccuracy(0.9), budget: .seconds(1))
        }
    }
}
