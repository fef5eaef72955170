import CitiusPlatform
import CitiusTensor

/// Gives the model the running averages of its weights while it is evaluated or predicts, and its own weights back
/// afterwards; with `swapOnEpoch` also from the end of an epoch to the begin of the next, for what later callbacks do
/// then, `ModelCheckpoint` for instance.
///
/// ```swift
/// model.compile(optimizer: SGD(useEMA: true), loss: .meanSquaredError)
/// try model.fit(train, epochs: 5, callbacks: [SwapEMAWeights(swapOnEpoch: true), ModelCheckpoint("best.safetensors")])
/// ```
///
/// Follows `keras.callbacks.SwapEMAWeights`, but for a defect of it: after a `predict` the weights come back too.
/// Traps if the optimizer keeps no averages.
public final class SwapEMAWeights: Callback, ResumableCallback {
    /// Whether the model has its averages for weights now.
    public struct State: Codable, Sendable, Equatable {
        fileprivate(set) var isSwapped = false
    }

    private let swapOnEpoch: Bool
    /// The model's own weights while it has the averages.
    private var ownWeights: [Tensor]?

    public init(swapOnEpoch: Bool = false) { self.swapOnEpoch = swapOnEpoch }

    public var state: State { State(isSwapped: ownWeights != nil) }
    public var stateTensors: [Tensor] { ownWeights ?? [] }

    public override func onTrainBegin() {
        ownWeights = nil
        check()
    }
    public override func onEpochBegin(_ epoch: Int) { if swapOnEpoch { swapBack() } }
    public override func onEpochEnd(_ epoch: Int, logs: inout Scores) { if swapOnEpoch { swap() } }
    // As `fit` ends the weights are the averages anyway.
    public override func onTrainEnd(logs: Scores) { ownWeights = nil }

    public override func onTestBegin() { swap() }
    public override func onTestEnd(logs: Scores) { swapBack() }
    public override func onPredictBegin() { swap() }
    public override func onPredictEnd() { swapBack() }

    public func restore(_ state: State, tensors: [Tensor]) throws {
        guard state.isSwapped else { return }
        guard model.fits(weights: tensors) else {
            throw CallbackStateError(description: "the weights are not the model's")
        }
        ownWeights = tensors
    }

    private func swap() {
        check()
        guard ownWeights == nil else { return }
        ownWeights = model.weights
        model.optimizer?.finalizeValues(of: model.trainableParameters)
    }

    private func swapBack() {
        guard let ownWeights else { return }
        model.weights = ownWeights
        self.ownWeights = nil
    }

    private func check() {
        require(
            model.optimizer?.parts.contains { $0.options.useEMA } == true,
            "SwapEMAWeights: the optimizer keeps no running averages of the weights; make it with useEMA: true"
        )
    }
}

extension Model {
    /// Whether these could be the model's weights.
    func fits(weights: [Tensor]) -> Bool {
        weights.map(\.shape) == self.weights.map(\.shape) && weights.map(\.dtype) == self.weights.map(\.dtype)
    }
}
