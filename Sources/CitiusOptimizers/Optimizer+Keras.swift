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
/// The parameters are the model's trainable ones, in their order.
extension Optimizer {
    package final func kerasVariables(for parameters: [Parameter]) -> [Tensor] {
        let state = Dictionary(state(for: numbered(parameters)).map { ($0.name, $0.tensor) }) { $1 }
        let variables = kerasEntries(for: parameters).map { name, _ -> Tensor in
            guard let tensor = state[name] else { fail("\(Self.self): there is no \(name) for Keras") }
            return switch name {
            case StateName.iteration: tensor.cast(to: .int32)
            case StateName.learningRate: tensor.cast(to: .float32)
            default: tensor
            }
        }
        return variables + trailingKerasVariables(dtype: parameters.first?.dtype ?? .float32)
    }

    /// Puts Keras's variables back.
    ///
    /// - Throws: an `OptimizerStateError` if their number, shapes or dtypes are not this optimizer's.
    package final func restore(
        kerasVariables: [Tensor], for parameters: [Parameter]
    ) throws(OptimizerStateError) {
        let entries = kerasEntries(for: parameters)
        let trailing = trailingKerasVariables(dtype: .float32).count
        guard kerasVariables.count == entries.count + trailing else {
            var error = OptimizerStateError(optimizer: "\(Self.self)")
            error.mismatched = [
                "there are \(kerasVariables.count) variables, expected \(entries.count + trailing)"
            ]
            throw error
        }
        let state = zip(entries, kerasVariables).map { ($0.name, $1.cast(to: $0.dtype)) as NamedTensor }
        try restore(state, for: numbered(parameters))
    }

    private final func numbered(_ parameters: [Parameter]) -> [NamedParameter] {
        parameters.enumerated().map { ("\($0)", $1) }
    }

    /// The names of the state's tensors in Keras's order, with the dtypes that `restore` expects.
    private final func kerasEntries(for parameters: [Parameter]) -> [(name: String, dtype: DType)] {
        var entries: [(String, DType)] = [(StateName.iteration, .int64)]
        if learningRateSchedule is Double { entries.append((StateName.learningRate, .float64)) }
        func append(_ prefixes: [String]) {
            for (number, parameter) in parameters.enumerated() {
                entries += prefixes.map { ("\($0)\(number)", parameter.dtype) }
            }
        }
        func appendSlots(_ names: [String]) {
            for (number, parameter) in parameters.enumerated() {
                for name in names where hasSlot(name, for: parameter) {
                    entries.append(("\(name)/\(number)", parameter.dtype))
                }
            }
        }
        if options.useEMA { append([StateName.average]) }
        if options.gradientAccumulationSteps != nil { append([StateName.accumulator]) }
        for group in slotGroups { appendSlots(group) }
        return entries
    }
}
