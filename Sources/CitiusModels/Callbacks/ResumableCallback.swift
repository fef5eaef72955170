import CitiusConfiguration
import CitiusTensor

/// A callback whose state is part of the training: `BackupAndRestore` saves it, and puts it back when a training that was
/// broken off goes on.
///
/// ```swift
/// final class Counter: Callback, ResumableCallback {
///     struct State: Codable { var batches = 0 }
///     private(set) var state = State()
///
///     override func onTrainBegin() { state = State() }
///     override func onTrainBatchEnd(_ batch: Int, logs: Scores) { state.batches += 1 }
///     func restore(_ state: State, tensors: [Tensor]) { self.state = state }
/// }
/// ```
public protocol ResumableCallback: Callback {
    /// What is written as JSON.
    associatedtype State: Codable

    /// What was gathered since the training began.
    var state: State { get }

    /// Tensors that belong to it; none by default.
    var stateTensors: [Tensor] { get }

    /// Puts back what was gathered, after `onTrainBegin`.
    ///
    /// - Throws: what is wrong with a state that does not belong to this training; it ends the training.
    func restore(_ state: State, tensors: [Tensor]) throws
}

extension ResumableCallback {
    public var stateTensors: [Tensor] { [] }
}

/// Why a callback cannot go on from a state.
struct CallbackStateError: Error, CustomStringConvertible {
    let description: String
}

/// What a backup holds of a callback.
struct CallbackState: Sendable, Equatable {
    /// The callback's type.
    let name: String
    let json: JSON
    let tensors: [Tensor]

    private init(_ callback: some ResumableCallback) throws(SavingError) {
        name = "\(type(of: callback))"
        tensors = callback.stateTensors
        do throws(JSON.CodingFailure) {
            json = try JSON(encoding: callback.state)
        } catch {
            throw SavingError(.notConfigurable, "the state of the callback \(name) cannot be saved: \(error)")
        }
    }

    init(name: String, json: JSON, tensors: [Tensor]) {
        self.name = name
        self.json = json
        self.tensors = tensors
    }

    /// Those of the callbacks that have one, in order.
    static func all(of callbacks: [Callback]) throws(SavingError) -> [CallbackState] {
        var states: [CallbackState] = []
        for case let callback as any ResumableCallback in callbacks {
            states.append(try CallbackState(callback))
        }
        return states
    }

    /// Puts states back that `all(of:)` gave for the same callbacks.
    static func restore(_ states: [CallbackState], to callbacks: [Callback]) throws(TrainingError) {
        let resumables = callbacks.compactMap { $0 as? any ResumableCallback }
        let names = resumables.map { "\(type(of: $0))" }
        guard names == states.map(\.name) else {
            throw TrainingError(
                .callback,
                "fit: the backup is of a training with the callbacks [\(states.map(\.name).joined(separator: ", "))] "
                    + "that keep a state, and there are [\(names.joined(separator: ", "))]; give the same ones, or delete "
                    + "the backup to begin anew.")
        }
        for (callback, state) in zip(resumables, states) {
            do { try state.restore(to: callback) } catch {
                throw TrainingError(
                    .callback, "fit: the state of \(state.name) in the backup does not fit: \(error)")
            }
        }
    }

    private func restore(to callback: some ResumableCallback) throws {
        try callback.restore(json.decoded(), tensors: tensors)
    }
}
