import CitiusConfiguration
import CitiusData
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// How a model is made and trained in a comparison.
package struct Recipe {
    /// A compiled model of this seed.
    package var makeModel: (_ seed: UInt64) throws -> Model
    package var batchSize: Int
    package var epochs: Int
    /// Made anew for each training.
    package var techniques: () -> [any Technique]

    package init(
        batchSize: Int, epochs: Int, techniques: @escaping () -> [any Technique],
        makeModel: @escaping (_ seed: UInt64) throws -> Model
    ) {
        (self.batchSize, self.epochs, self.techniques) = (batchSize, epochs, techniques)
        self.makeModel = makeModel
    }
}

/// A training against the clock, until it reaches a target on validation data.
///
/// The clock runs from the making of the model, through everything that techniques prepare and do, and stands still while
/// the model is evaluated.
package struct TimeTrial: Codable, Sendable, Equatable {
    /// What an evaluation found.
    package struct Point: Codable, Sendable, Equatable {
        /// On the clock.
        package var seconds: Double
        /// How much of the training was done.
        package var progress: Double
        package var value: Double
    }

    /// When the target was reached; nil: never.
    package var secondsToTarget: Double?
    /// When the training ended.
    package var seconds: Double
    package var points: [Point]
    /// On test data, at the end; never used to decide anything.
    package var testValue: Double?

    /// Never is infinite.
    package var time: Double { secondsToTarget ?? .infinity }

    /// The best value on validation data.
    package var best: Double { points.map(\.value).max() ?? -.infinity }

    /// Trains a model.
    ///
    /// - Parameters:
    ///   - metric: of the model's metrics.
    ///   - isLess: whether smaller is better; values and target are then negated.
    ///   - evaluations: how often the model is evaluated in the time that all samples take once.
    ///   - limit: seconds on the clock after which the training is given up.
    ///   - test: samples that are only reported on.
    package init(
        _ recipe: Recipe, seed: UInt64, train: Dataset, validation: Dataset, target: Double,
        metric: String = "accuracy", isLess: Bool = false, evaluations: Int = 4, limit: Double = .infinity,
        test: Dataset? = nil
    ) throws {
        let clock = Stopwatch()
        let model = try recipe.makeModel(seed)
        let watcher = TargetWatcher(
            clock: clock, validation: validation, target: isLess ? -target : target, metric: metric,
            isLess: isLess, interval: max(1, train.count / evaluations), limit: limit)
        let techniques: [any Technique] = [watcher.counter] + recipe.techniques()
        try model.fit(
            train, batchSize: recipe.batchSize, epochs: recipe.epochs, verbose: .silent, callbacks: [watcher],
            techniques: techniques)
        clock.stop()
        // What ends the training may be better than its last step: an average, for instance.
        if watcher.reached == nil { watcher.look(at: model, progress: 1) }
        (secondsToTarget, points, seconds) = (watcher.reached, watcher.points, clock.seconds)
        testValue = try test.map { try model.evaluate($0, batchSize: 256, verbose: .silent)[metric] }
    }
}

/// A clock that can be stopped.
final class Stopwatch {
    private var counted = 0
    private var start: Int? = nanoseconds()

    var seconds: Double {
        Double(counted + (start.map { nanoseconds() - $0 } ?? 0)) * 1e-9
    }

    func stop() {
        if let start { counted += nanoseconds() - start }
        start = nil
    }

    func run() { if start == nil { start = nanoseconds() } }
}

/// Evaluates a model each time that it has trained on so many samples, off the clock.
private final class TargetWatcher: Callback {
    /// Counts the samples that steps take.
    final class Counter: Technique {
        let stage = TechniqueStage.weights
        var samples = 0
        var progress = 0.0

        func transform(_ batch: inout Batch, in training: Training) {
            samples += batch.count
            progress = training.progress
        }
    }

    let clock: Stopwatch
    let counter = Counter()
    private let validation: Dataset
    private let target: Double
    private let metric: String
    private let isLess: Bool
    private let interval: Int
    private let limit: Double
    private var next: Int
    private(set) var points: [TimeTrial.Point] = []
    private(set) var reached: Double?

    init(
        clock: Stopwatch, validation: Dataset, target: Double, metric: String, isLess: Bool, interval: Int,
        limit: Double
    ) {
        (self.clock, self.validation, self.target, self.metric) = (clock, validation, target, metric)
        (self.isLess, self.interval, self.limit) = (isLess, interval, limit)
        next = interval
    }

    override func onTrainBatchEnd(_ batch: Int, logs: Scores) {
        if counter.samples >= next {
            next += interval
            look(at: model, progress: counter.progress)
        }
        if reached != nil || clock.seconds > limit { model.stopTraining = true }
    }

    func look(at model: Model, progress: Double) {
        // The techniques' own work for the evaluation counts.
        let isRunning = reached == nil
        let value = model.withWeightsToEvaluate { () -> Double in
            clock.stop()
            let scores = try? model.evaluate(validation, batchSize: 256, verbose: .silent)
            return scores?.value(of: metric).map { isLess ? -$0 : $0 } ?? -.infinity
        }
        points.append(.init(seconds: clock.seconds, progress: progress, value: value))
        if value >= target, isRunning { reached = clock.seconds }
        if progress < 1 { clock.run() }
    }
}

extension Model {
    /// A model of the same architecture and compilation, its weights drawn anew and nothing shared.
    ///
    /// - Throws: a `SavingError` if a part does not describe itself.
    package final func fresh(seed: UInt64) throws -> Model {
        let copy = try clone(seed: seed)
        if !copy.isBuilt, let inputShapes { copy.build(inputShapes: inputShapes) }
        guard let compilation else { return copy }
        let description: CompilationDescription = try JSON(encoding: CompilationDescription(compilation))
            .decoded(userInfo: [.configurationTypes: ConfigurationTypes.library])
        try description.compile(copy)
        return copy
    }
}
