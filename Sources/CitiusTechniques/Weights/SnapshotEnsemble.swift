import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Several models of one training: the learning rate falls to 0 several times, and each time the weights are kept
/// (Huang et al. 2017, arXiv 1704.00109).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// let snapshots = SnapshotEnsemble(3)
/// try model.fit(train, epochs: 12, techniques: [snapshots])
/// let ensemble = try snapshots.ensemble(of: model)
/// ```
///
/// Within a cycle the factor of the learning rate is (1 + cos πt) / 2, t going from 0 to 1.
public final class SnapshotEnsemble: Technique {
    public let cycles: Int
    public let stage = TechniqueStage.optimization
    public let claims: Set<TechniqueClaim> = [.learningRate]
    /// The weights at the cycles' ends, so far.
    public private(set) var snapshots: [[Tensor]] = []
    private var cycle = 0

    /// - Parameter cycles: how often the learning rate falls. Traps if there are none.
    public init(_ cycles: Int) {
        require(cycles >= 1, "SnapshotEnsemble: cycles is \(cycles), expected at least 1")
        self.cycles = cycles
    }

    public func begin(_ training: Training) { (snapshots, cycle) = ([], 0) }

    public func beginStep(in training: Training) {
        let position = training.progress * Double(cycles)
        if Int(position) > cycle {
            snapshots.append(training.model.weights)
            cycle = Int(position)
        }
        training.learningRateFactor *= (1 + cos(.pi * (position - position.rounded(.down)))) / 2
    }

    public func end(_ training: Training) {
        if snapshots.count < cycles, training.stepsTaken > 0 { snapshots.append(training.model.weights) }
    }

    /// The snapshots as models of their own, which are copies of the model.
    ///
    /// - Throws: a `SavingError` if a layer of the model does not describe itself.
    public func models(of model: Model) throws(SavingError) -> [Model] {
        var models: [Model] = []
        for weights in snapshots {
            let copy = try model.clone(copyingWeights: true)
            copy.weights = weights
            models.append(copy)
        }
        return models
    }

    /// The ensemble of the snapshots, which averages what they predict.
    ///
    /// - Throws: a `SavingError` if a layer of the model does not describe itself.
    public func ensemble(of model: Model) throws(SavingError) -> Ensemble { Ensemble(try models(of: model)) }

    public var state: [String: Tensor] {
        var state = [String: Tensor](savingModels: snapshots)
        state["cycle"] = Tensor(Int64(cycle))
        return state
    }

    public func restore(_ state: [String: Tensor], in training: Training) throws {
        cycle = try state.savedCount("cycle")
        guard cycle <= cycles else {
            throw TechniqueError("cycle \(cycle) is in the backup, expected at most \(cycles)")
        }
        snapshots = try state.savedModels(like: training.model.weights, atMost: cycles, "snapshots")
    }
}

extension Technique where Self == SnapshotEnsemble {
    /// Several models of one training; see `SnapshotEnsemble`.
    public static func snapshots(_ cycles: Int) -> SnapshotEnsemble { SnapshotEnsemble(cycles) }
}
