import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// The state in the order in which Keras saves an optimizer's variables, as `optimizer/vars/0`, `1`, … of a `.keras`
/// file:
///
/// 1. the iteration, int32 [];
/// 2. the learning rate, float32 [], if it is constant;
/// 3. with `useEMA`, the averages of all parameters;
/// 4. with `gradientAccumulationSteps`, the accumulators of all parameters;
/// 5. the slots, group by group (`slotGroups`): within a group all slots of the first parameter, then those of the
///    second;
/// 6. what the formula keeps beside the parameters, which follows from the iteration (`Nadam` alone).
///
/// A `MultiOptimizer` has its iteration, a learning rate of 0, and then the variables of its optimizers for their
/// parameters.
///
/// The parameters are the model's trainable ones, in their order.
extension Optimizer {
    package final func kerasVariables(for parameters: [Parameter]) -> [Tensor] {
        let numbered = numbered(parameters)
        let state = Dictionary(state(for: numbered).map { ($0.name, $0.tensor) }) { $1 }
        return kerasEntries(for: numbered).map { entry in
            switch entry {
            case .state(let name, _, let dtype):
                guard let tensor = state[name] else { fail("\(Self.self): there is no \(name) for Keras") }
                return tensor.cast(to: dtype)
            case .derived(let tensor): return tensor
            }
        }
    }

    /// Puts Keras's variables back.
    ///
    /// - Throws: an `OptimizerStateError` if their number, shapes or dtypes are not this optimizer's.
    package final func restore(
        kerasVariables: [Tensor], for parameters: [Parameter]
    ) throws(OptimizerStateError) {
        let numbered = numbered(parameters)
        let entries = kerasEntries(for: numbered)
        guard kerasVariables.count == entries.count else {
            var error = OptimizerStateError(optimizer: "\(Self.self)")
            error.mismatched = ["there are \(kerasVariables.count) variables, expected \(entries.count)"]
            throw error
        }
        var state: [NamedTensor] = []
        for (entry, variable) in zip(entries, kerasVariables) {
            if case .state(let name, let dtype, _) = entry { state.append((name, variable.cast(to: dtype))) }
        }
        try restore(state, for: numbered)
    }

    private final func numbered(_ parameters: [Parameter]) -> [NamedParameter] {
        parameters.enumerated().map { ("\($0)", $1) }
    }

    /// The variables in Keras's order.
    private final func kerasEntries(for parameters: [NamedParameter]) -> [KerasEntry] {
        var entries: [KerasEntry] = [.state(StateName.iteration, .int64, inKeras: .int32)]
        if isComposed {
            entries.append(.derived(Tensor(0 as Float)))
            for (prefix, part, own) in distributed(parameters) {
                entries += part.kerasEntries(for: own).map { $0.within(prefix) }
            }
            return entries
        }
        if constantLearningRate != nil {
            entries.append(.state(StateName.learningRate, .float64, inKeras: .float32))
        }
        func append(_ names: [String]) {
            for (name, parameter) in parameters {
                entries += names.map { .state($0 + name, parameter.dtype, inKeras: parameter.dtype) }
            }
        }
        func appendSlots(_ names: [String]) {
            for (name, parameter) in parameters {
                for slot in names where hasSlot(slot, for: parameter) {
                    entries.append(.state("\(slot)/\(name)", parameter.dtype, inKeras: parameter.dtype))
                }
            }
        }
        if options.useEMA { append([StateName.average]) }
        if options.gradientAccumulationSteps != nil { append([StateName.accumulator]) }
        for group in slotGroups { appendSlots(group) }
        let dtype = parameters.first?.parameter.dtype ?? .float32
        return entries + trailingKerasVariables(dtype: dtype).map { .derived($0) }
    }
}

/// One of Keras's variables.
private enum KerasEntry {
    /// A tensor of the state, and its dtype here and there.
    case state(String, DType, inKeras: DType)
    /// One that follows from the state.
    case derived(Tensor)

    /// The same for a part of an optimizer.
    func within(_ prefix: String) -> KerasEntry {
        if case .state(let name, let dtype, let kerasDType) = self {
            .state(prefix + name, dtype, inKeras: kerasDType)
        } else {
            self
        }
    }
}
