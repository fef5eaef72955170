import CitiusAutograd
import CitiusData
import CitiusLayers
import CitiusModels
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor

/// Several models that predict together.
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// let second = try model.clone(seed: 2)
/// let ensemble = Ensemble([model, second], combining: .averaging)
/// let probabilities = try ensemble.predict(train.inputs)
/// ```
public final class Ensemble {
    /// How the members' predictions become one.
    public enum Combination: Sendable {
        /// Their mean. Of probabilities, which members that are sure of themselves count more in.
        case averaging
        /// The fraction of the members whose largest output each class is: `[samples, classes]`.
        case voting
        /// What another model makes of them, side by side along the last axis; see `stack(on:)`.
        case stacking
    }

    public let members: [Model]
    public private(set) var combination: Combination
    private var stacked: Sequential?

    /// - Parameters:
    ///   - members: models of one output each, alike in shape.
    ///   - combination: averaging or voting.
    ///
    /// Traps if there are no members, or the combination is stacking, which `stack(on:)` brings about.
    public init(_ members: [Model], combining combination: Combination = .averaging) {
        require(!members.isEmpty, "Ensemble: there are no members, expected at least one")
        require(
            combination != .stacking, "Ensemble: call stack(on:) to have another model combine the members")
        self.members = members
        self.combination = combination
    }

    /// What the members together predict of samples: `[samples, …]`.
    ///
    /// - Throws: a `TrainingError` if the samples do not fit a member.
    public func predict(_ inputs: Tensor, batchSize: Int = 256) throws(TrainingError) -> Tensor {
        var predictions: [Tensor] = []
        for member in members { predictions.append(try member.predict(inputs, batchSize: batchSize)) }
        return try combined(predictions)
    }

    /// What the members together predict of a data set's samples: `[samples, …]`.
    public func predict(_ data: Dataset, batchSize: Int = 256) throws(TrainingError) -> Tensor {
        var predictions: [Tensor] = []
        for member in members { predictions.append(try member.predict(data, batchSize: batchSize)) }
        return try combined(predictions)
    }

    private func combined(_ predictions: [Tensor]) throws(TrainingError) -> Tensor {
        for prediction in predictions {
            require(
                prediction.shape == predictions[0].shape,
                "Ensemble: members predict \(prediction.shape) and \(predictions[0].shape), expected alike")
        }
        switch combination {
        case .averaging: return predictions.dropFirst().reduce(predictions[0], +) / Double(predictions.count)
        case .voting:
            let classes = predictions[0].shape[-1]
            let votes = predictions.map { $0.argMax(axis: -1).oneHot(classes) }
            return votes.dropFirst().reduce(votes[0], +) / Double(votes.count)
        case .stacking:
            guard let stacked else { fail("Ensemble: it is not stacked; call stack(on:)") }
            return try stacked.predict(Tensor.concatenate(predictions, axis: -1), batchSize: 256)
        }
    }

    /// Has a dense layer learn how the members' predictions become one (stacked generalization: Wolpert 1992,
    /// doi:10.1016/S0893-6080(05)80023-1), a softmax over the classes.
    ///
    /// - Parameters:
    ///   - data: samples that the members were not trained on, or their predictions say too much; targets as for
    ///     `sparseCategoricalCrossentropy`.
    ///   - seed: of the layer's weights.
    /// - Throws: a `TrainingError` if the data does not fit.
    public func stack(on data: Dataset, epochs: Int = 20, seed: UInt64? = nil) throws(TrainingError) {
        var predictions: [Tensor] = []
        for member in members { predictions.append(try member.predict(data, batchSize: 256)) }
        let classes = predictions[0].shape[-1]
        let inputs = Tensor.concatenate(predictions, axis: -1)
        let model = Sequential(seed: seed) {
            Input(shape: inputs.shape.droppingFirst())
            Dense(classes, activation: .softmax)
        }
        model.compile(optimizer: Adam(learningRate: 0.01), loss: .sparseCategoricalCrossentropy)
        try model.fit(
            Dataset(inputs: inputs, targets: data.targets), batchSize: 64, epochs: epochs, verbose: .silent)
        stacked = model
        combination = .stacking
    }

    /// The fraction of the samples whose largest output is their label.
    public func accuracy(on data: Dataset) throws(TrainingError) -> Double {
        try predict(data).accuracy(of: data)
    }
}

extension Tensor {
    /// The fraction of a data set's samples of whose labels, or one-hot targets, these are the predictions.
    func accuracy(of data: Dataset) -> Double {
        guard let classes = data.classes else {
            fail("accuracy: the targets \(data.targets.shape) are no classes")
        }
        let largest = argMax(axis: -1).elements(as: Int64.self)
        let hits = zip(largest, classes).reduce(0) { $0 + (Int($1.0) == $1.1 ? 1 : 0) }
        return Double(hits) / Double(Swift.max(1, classes.count))
    }
}
