import CitiusAutograd
import CitiusData
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor

/// The techniques of a training that is going on.
final class TechniqueRun {
    /// In the order in which their hooks are called.
    let techniques: [any Technique]
    let training: Training
    private let shuffles: Bool
    /// How many batches make an epoch; nil: those of a pass.
    private let stepsPerEpoch: Int?
    /// Those whose span holds the running step.
    private var active: [any Technique] = []
    /// The samples of the running pass, in the order of its batches.
    private var pass: SampleSelection?
    /// During a step, the learning rates that techniques multiply: one for each part of the optimizer. Between two steps
    /// the optimizer has them itself, so that callbacks can read and change them.
    private var rates: [any LearningRateSchedule] = []
    /// The model's own weights while it has those to evaluate.
    private var ownWeights: [Tensor]?

    init(
        _ techniques: [any Technique], training: Training, shuffles: Bool, stepsPerEpoch: Int?
    ) throws(TrainingError) {
        self.techniques = techniques.enumerated().sorted {
            ($0.element.stage, $0.offset) < ($1.element.stage, $1.offset)
        }.map { $0.element }
        self.training = training
        (self.shuffles, self.stepsPerEpoch) = (shuffles, stepsPerEpoch)
        if let conflict = Self.conflict(among: techniques) {
            throw TrainingError(.technique, "fit: \(conflict)")
        }
    }

    /// What keeps techniques from one training; nil if nothing does.
    static func conflict(among techniques: [any Technique]) -> String? {
        for (index, one) in techniques.enumerated() {
            for other in techniques[..<index] {
                if one === other { return "the technique \(one.name) is given twice; make two of them" }
                guard one.span.overlaps(other.span),
                    let claim = one.claims.intersection(other.claims).min(by: {
                        $0.description < $1.description
                    })
                else { continue }
                return
                    "the techniques \(other.name) and \(one.name) both \(claim.description); leave one out, or give "
                    + "them parts of the training that do not overlap."
            }
        }
        return nil
    }

    // MARK: The training's begin and end

    /// Begins a training with these techniques, or goes on with one that was broken off.
    ///
    /// - Parameter saved: what the backup of the training holds; nil if it was not broken off.
    static func begin(_ run: TechniqueRun?, resumingFrom saved: TechniqueStates?) throws(TrainingError) {
        let names = run?.techniques.map(\.name) ?? []
        if let saved, saved.names != names {
            throw TrainingError(
                .technique,
                "fit: the backup is of a training with the techniques [\(saved.names.joined(separator: ", "))], and there "
                    + "are [\(names.joined(separator: ", "))]; give the same ones, or delete the backup to begin anew."
            )
        }
        try run?.begin(resumingFrom: saved)
    }

    private func begin(resumingFrom saved: TechniqueStates?) throws(TrainingError) {
        for technique in techniques {
            try calling(technique) { try technique.begin(training) }
        }
        guard let saved else {
            for technique in techniques { try calling(technique) { try technique.prepare(training) } }
            return
        }
        for (technique, state) in zip(techniques, saved.states) {
            try calling(technique) { try technique.restore(state, in: training) }
        }
        training.stepsTaken = saved.stepsTaken
        guard let pass = saved.pass else { return }
        guard pass.indices.allSatisfy({ 0..<training.data.count ~= $0 }) else {
            throw TrainingError(
                .technique,
                "fit: the backup is of a training with other data than these \(training.data.count) samples")
        }
        self.pass = pass
    }

    private func calling(_ technique: any Technique, _ body: () throws -> Void) throws(TrainingError) {
        do { try body() } catch {
            throw TrainingError(.technique, "fit: the technique \(technique.name): \(error)")
        }
    }

    func end() {
        for technique in techniques { technique.end(training) }
        restoreRates()
    }

    private func restoreRates() {
        for (part, rate) in zip(training.model.optimizer?.parts ?? [], rates) {
            part.learningRateSchedule = rate
        }
        rates = []
    }

    // MARK: Passes

    /// Samples a pass if all are taken, for whoever asks before the first one.
    var steps: Int { stepCount(of: pass ?? SampleSelection(count: training.data.count, batchSize: size)) }

    /// Larger than the data is as large as the data.
    private var size: Int { min(training.batchSize, max(1, training.data.count)) }

    private func stepCount(of pass: SampleSelection) -> Int {
        (pass.count + pass.batchSize - 1) / pass.batchSize
    }

    /// The batches of a pass from one on. One that is continued has its samples already.
    func batches(_ random: RandomStream, from start: Int) -> BatchSource.Iterator {
        if start == 0 || pass == nil {
            var selection = SampleSelection(count: training.data.count, batchSize: size)
            for technique in techniques where technique.span.contains(training.progress) {
                technique.select(&selection, in: training)
                require(
                    selection.count > 0, "fit: the technique \(technique.name) leaves no samples to train on")
            }
            if shuffles {
                var generator = random.generator.split()
                var places = Array(0..<selection.count)
                generator.shuffle(&places)
                selection.keep(places)
            }
            pass = selection
        }
        guard let pass else { return { nil } }
        training.stepsInEpoch = stepsPerEpoch ?? stepCount(of: pass)
        var batches = training.data.subset(pass.indices).batched(pass.batchSize).pass(0, startingAt: start)
        var position = start * pass.batchSize
        return { () throws(DataError) in
            guard var batch = try batches.nextBatch() else { return nil }
            let places = position..<position + batch.count
            position = places.upperBound
            batch.indices = Array(pass.indices[places])
            if let weights = pass.weights { batch.weigh(by: Tensor(Array(weights[places]))) }
            return batch
        }
    }

    // MARK: Steps

    /// A step begins.
    ///
    /// - Returns: the batch as techniques change it; nil if nothing of it is left.
    func beginStep(_ batch: Batch, epoch: Int, step: Int) -> Batch? {
        (training.epoch, training.step) = (epoch, step)
        let progress = training.progress
        active = techniques.filter { $0.span.contains(progress) }
        let parts = training.model.optimizer?.parts ?? []
        rates = parts.map { $0.learningRateSchedule }
        training.baseLearningRate = rates.first?(parts[0].iterations) ?? 0
        training.learningRateFactor = 1
        for technique in active { technique.beginStep(in: training) }
        let factor = training.learningRateFactor
        for (part, rate) in zip(parts, rates) {
            if let rate = rate as? Double ?? (rate as? Int).map(Double.init) {
                part.learningRate = rate * factor
            } else {
                part.learningRateSchedule = ScaledRate(rate: rate, factor: factor)
            }
        }
        var batch = batch
        for technique in active {
            technique.transform(&batch, in: training)
            if batch.count == 0 {
                restoreRates()
                return nil
            }
        }
        return batch
    }

    func endStep() {
        training.stepsTaken += 1
        for technique in active { technique.endStep(in: training) }
        restoreRates()
    }

    /// The loss of a batch by all techniques, the last one's around the others'.
    func loss(_ predictions: [Variable], _ batch: Batch, own: (Batch) -> Variable) -> Variable {
        guard !training.isLookingOn else { return own(batch) }
        func loss(_ count: Int, _ batch: Batch) -> Variable {
            guard count > 0 else { return own(batch) }
            return active[count - 1].loss(predictions, batch, in: training) { loss(count - 1, $0) }
        }
        return loss(active.count, batch)
    }

    func changeGradients(_ gradients: inout TrainingGradients) {
        for technique in active { technique.changeGradients(&gradients, in: training) }
    }

    // MARK: Weights to evaluate

    /// Gives the model the weights to evaluate with, until `swapBack`. Nothing if it has them already.
    ///
    /// - Returns: whether there are any, and it did not have them.
    @discardableResult
    func swap() -> Bool {
        guard ownWeights == nil else { return false }
        let model = training.model
        for technique in techniques.reversed() {
            guard let weights = technique.weightsToEvaluate(in: training) else { continue }
            ownWeights = model.weights
            model.weights = weights
            return true
        }
        return false
    }

    func swapBack() {
        guard let ownWeights else { return }
        training.model.weights = ownWeights
        self.ownWeights = nil
    }

    /// Leaves the model the weights that the training was for.
    func keepWeightsToEvaluate() {
        swap()
        ownWeights = nil
    }

    // MARK: Saving

    /// What a backup holds.
    var states: TechniqueStates {
        TechniqueStates(
            names: techniques.map(\.name), states: techniques.map(\.state),
            stepsTaken: training.stepsTaken, pass: pass)
    }
}

/// What a backup holds of a training's techniques.
struct TechniqueStates: Sendable, Equatable {
    let names: [String]
    let states: [[String: Tensor]]
    let stepsTaken: Int

    /// Those of a training without techniques.
    static let none = TechniqueStates(names: [], states: [], stepsTaken: 0, pass: nil)

    /// The samples of the running pass, in the order of its batches.
    let pass: SampleSelection?
}

/// A schedule times a factor that techniques set anew for each step.
private struct ScaledRate: LearningRateSchedule {
    let rate: any LearningRateSchedule
    let factor: Double

    func callAsFunction(_ step: Int) -> Double { rate(step) * factor }
}

extension Batch {
    /// Multiplies the samples' weights by `[batch]` further ones.
    mutating func weigh(by weights: Tensor) {
        sampleWeights =
            sampleWeights.map {
                let own = $0.converted(to: .float32)
                return own * Weighting.expanded(weights, to: own)
            } ?? weights
    }
}

extension Model {
    /// What keeps these techniques from one training, in a sentence; nil if nothing does.
    public static func conflict(among techniques: [any Technique]) -> String? {
        TechniqueRun.conflict(among: techniques)
    }

    /// Runs `body` while the model has the weights that the running training's techniques would evaluate it with, its
    /// averages for instance: for callbacks that evaluate within an epoch. Outside of a training, and without such
    /// techniques, the weights are the model's own.
    public final func withWeightsToEvaluate<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let isSwapped = run.techniques?.swap() ?? false
        defer { if isSwapped { run.techniques?.swapBack() } }
        return try body()
    }
}
