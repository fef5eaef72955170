import CitiusData
import CitiusModels
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor

/// What a learning rate range test found.
public struct LearningRateTest: Sendable {
    /// The learning rates that were tried, ascending.
    public let rates: [Double]
    /// The loss at each one, smoothed.
    public let losses: [Double]

    /// The rate at which the loss falls most steeply, on a logarithmic scale: good for a constant rate.
    public var steepest: Double { rate(atSmallest: slopes) }

    /// A tenth of the rate with the smallest loss: good as the peak of a cycle that must not diverge.
    public var suggestion: Double { rate(atSmallest: losses) / 10 }

    private var slopes: [Double] {
        losses.indices.map { index in
            // The first losses are smoothed over few steps.
            index < losses.count / 10 || index == 0 || index == losses.count - 1
                ? .infinity : losses[index + 1] - losses[index - 1]
        }
    }

    private func rate(atSmallest numbers: [Double]) -> Double {
        let best = numbers.indices.min { numbers[$0] < numbers[$1] }
        return best.map { rates[$0] } ?? .nan
    }
}

extension Model {
    /// Trains for some steps with a growing learning rate and notes the loss (Smith 2015, arXiv 1506.01186). Weights,
    /// optimizer and random numbers are then as they were.
    ///
    /// ```swift
    /// import Citius
    /// import CitiusTechniques
    ///
    /// let test = try model.findLearningRate(on: train)
    /// try model.fit(train, epochs: 5, techniques: [.oneCycle(peak: test.suggestion)])
    /// ```
    ///
    /// The loss is smoothed as in fastai: an exponential average of factor 0.95, without its bias. The test ends early
    /// where it is no number, or four times the smallest.
    ///
    /// - Parameters:
    ///   - rates: from the smallest to the largest, in a geometric series.
    ///   - steps: how many.
    /// - Throws: a `TrainingError` if the data does not fit.
    ///
    /// Traps if the model is not compiled, its optimizer is a `MultiOptimizer`, or a number is out of range.
    public final func findLearningRate(
        on data: Dataset, batchSize: Int = 32, rates: ClosedRange<Double> = 1e-6...1, steps: Int = 100
    ) throws(TrainingError) -> LearningRateTest {
        require(
            rates.lowerBound > 0 && rates.upperBound.isFinite && steps >= 3,
            "findLearningRate: rates \(rates) and \(steps) steps, expected positive rates and at least 3 steps"
        )
        if !isBuilt { build(inputShapes: data.inputShapes) }
        guard let optimizer else {
            fail("findLearningRate: the model is not compiled; call compile(optimizer:loss:metrics:) first")
        }
        let parameters = namedParameters
        let named = parameters.map { (name: $0.path, parameter: $0.parameter) }
        let (weights, state, schedule, start) = (
            self.weights, optimizer.state(for: named), optimizer.learningRateSchedule, generator
        )
        defer {
            self.weights = weights
            optimizer.learningRateSchedule = schedule
            do { try optimizer.restore(state, for: named) } catch {
                fail("findLearningRate: \(error)")
            }
            generator = start
        }
        var (tried, losses): ([Double], [Double]) = ([], [])
        var average = 0.0
        var order = generator
        let source = data.shuffled(using: &order).batched(min(batchSize, max(1, data.count)))
        var batches = source.makeIterator()
        for step in 0..<steps {
            var next = batches.next()
            if next == nil {
                batches = source.makeIterator()
                next = batches.next()
            }
            guard let batch = next else {
                throw TrainingError(
                    .emptyData, "findLearningRate: the data set is empty; give it at least one sample.")
            }
            let position = Double(step) / Double(steps - 1)
            let rate = rates.lowerBound * pow(rates.upperBound / rates.lowerBound, position)
            optimizer.learningRateSchedule = rate
            let loss = try trainOnBatch(batch).loss
            guard loss.isFinite else { break }
            average = 0.95 * average + 0.05 * loss
            tried.append(rate)
            losses.append(average / (1 - pow(0.95, Double(step + 1))))
            if let smallest = losses.min(), losses[losses.count - 1] > 4 * smallest, step > 10 { break }
        }
        return LearningRateTest(rates: tried, losses: losses)
    }
}
