import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// What an optimizer needs to go on with the same bits, as named tensors.
extension Optimizer {
    /// A tensor of the state with its name.
    public typealias NamedTensor = (name: String, tensor: Tensor)
    /// A parameter with the name that the state knows it by: `encoder/dense/kernel`.
    public typealias NamedParameter = (name: String, parameter: Parameter)

    /// The state for these parameters:
    ///
    /// - `iteration`: how often `update` was called, int64 [].
    /// - `learning_rate`: float64 [], if it is constant.
    /// - `SLOT/PARAMETER` for each slot: `momentum/encoder/dense/kernel`, of any shape.
    /// - `average/PARAMETER` and `gradient_accumulator/PARAMETER`, of the parameter's shape, if they are kept.
    /// - `learning_rate_multiplier/PARAMETER`, float64 [], where it is not 1.
    /// - `excluded_from_weight_decay/PARAMETER`, bool [], where it is true.
    /// - Of a `MultiOptimizer`, its `iteration`, and the states of its optimizers for their parameters under
    ///   `optimizers/0/`, `optimizers/1/`, ….
    ///
    /// Parameters without a step yet have the state that their first step would find, so that the names depend on the
    /// optimizer and the parameters alone; those that are not trainable and never were have none.
    ///
    /// - Parameter parameters: with different names.
    public final func state(for parameters: [NamedParameter]) -> [NamedTensor] {
        var state: [NamedTensor] = [(StateName.iteration, Tensor(Int64(calls)))]
        if isComposed {
            for (prefix, part, own) in distributed(parameters) {
                state += part.state(for: own).map { (prefix + $0.name, $0.tensor) }
            }
            return state
        }
        if let rate = constantLearningRate {
            state.append((StateName.learningRate, Tensor(rate)))
        }
        for (name, parameter) in parameters {
            let kept = knownState(of: parameter) ?? ParameterState(parameter)
            if parameter.isTrainable || kept.slots != nil { state += tensors(of: kept, parameter, name) }
            if learningRateMultiplier(for: parameter) != 1 {
                state.append(
                    (
                        StateName.learningRateMultiplier + name,
                        Tensor(learningRateMultiplier(for: parameter))
                    ))
            }
            if isExcludedFromWeightDecay(parameter) {
                state.append((StateName.exclusion + name, Tensor(true)))
            }
        }
        return state
    }

    /// The optimizers that this one is made of, with what their states' names begin with and their parameters.
    final func distributed(
        _ parameters: [NamedParameter]
    ) -> [(prefix: String, part: Optimizer, parameters: [NamedParameter])] {
        let chosen = parameters.map { ObjectIdentifier(part(for: $0.parameter)) }
        return parts.enumerated().map { index, part in
            let own = zip(parameters, chosen).filter { $1 == ObjectIdentifier(part) }.map { $0.0 }
            return ("optimizers/\(index)/", part, own)
        }
    }

    private final func tensors(
        of state: ParameterState, _ parameter: Parameter, _ name: String
    ) -> [NamedTensor] {
        parameter.settle()
        let slots = state.slots ?? makeSlots(for: parameter)
        var tensors = zip(slots.names, slots.tensors).map { ("\($0)/\(name)", $1) as NamedTensor }
        if options.useEMA { tensors.append((StateName.average + name, state.average ?? parameter.value)) }
        if options.gradientAccumulationSteps != nil {
            let accumulated =
                state.accumulated ?? Tensor(zeros: parameter.shape, dtype: parameter.dtype)
            tensors.append((StateName.accumulator + name, accumulated))
        }
        return tensors
    }

    /// Puts a state back that `state(for:)` gave, before the first step or at any time. Weight decay's exclusions and
    /// the learning rate's multipliers that the state does not name stay as they are.
    ///
    /// - Throws: an `OptimizerStateError` that names everything that is missing, unexpected or of another shape or
    ///   dtype; the optimizer is then as it was.
    public final func restore(
        _ state: [NamedTensor], for parameters: [NamedParameter]
    ) throws(OptimizerStateError) {
        try restoring(state, for: parameters)()
    }

    /// What puts a state back, which it fits.
    private final func restoring(
        _ state: [NamedTensor], for parameters: [NamedParameter]
    ) throws(OptimizerStateError) -> () -> Void {
        var given = Dictionary(state.map { ($0.name, $0.tensor) }, uniquingKeysWith: { $1 })
        var error = OptimizerStateError(optimizer: "\(Self.self)")
        /// The tensor of this name; the pattern if there is none of its shape and dtype.
        func take(_ name: String, like pattern: Tensor) -> Tensor {
            guard let tensor = given.removeValue(forKey: name) else {
                error.missing.append(name)
                return pattern
            }
            if tensor.shape != pattern.shape || tensor.dtype != pattern.dtype {
                error.mismatched.append(
                    "\(name) is \(tensor.dtype) \(tensor.shape), expected \(pattern.dtype) \(pattern.shape)")
                return pattern
            }
            return tensor
        }

        /// The number of this name: a rate or a multiplier, which are never negative.
        func takeNumber(_ name: String) -> Double {
            let number = take(name, like: Tensor(1 as Double)).scalar
            if number >= 0 && number.isFinite { return number }
            error.mismatched.append("\(name) is \(number), expected a finite number of at least 0")
            return 1
        }

        let iteration = take(StateName.iteration, like: Tensor(Int64(0))).element(as: Int64.self)
        if !(0...1 << 53).contains(iteration) {
            error.mismatched.append("\(StateName.iteration) is \(iteration), expected a number of steps")
        }
        if isComposed {
            var changes: [() -> Void] = []
            for (prefix, part, own) in distributed(parameters) {
                let names = given.keys.filter { $0.hasPrefix(prefix) }
                let state = names.compactMap { name in
                    given.removeValue(forKey: name).map { (String(name.dropFirst(prefix.count)), $0) }
                }
                do throws(OptimizerStateError) {
                    changes.append(try part.restoring(state, for: own))
                } catch let fault {
                    error.missing += fault.missing.map { prefix + $0 }
                    error.unexpected += fault.unexpected.map { prefix + $0 }
                    error.mismatched += fault.mismatched.map { prefix + $0 }
                }
            }
            error.unexpected += given.keys.sorted()
            guard error.isEmpty else { throw error }
            return {
                self.calls = Int(iteration)
                for change in changes { change() }
            }
        }
        let rate = constantLearningRate == nil ? nil : takeNumber(StateName.learningRate)
        var restored: [(Parameter, ParameterState)] = []
        for (name, parameter) in parameters {
            let new = ParameterState(parameter)
            new.learningRateMultiplier = learningRateMultiplier(for: parameter)
            new.isExcludedFromWeightDecay = isExcludedFromWeightDecay(parameter)
            if given[StateName.learningRateMultiplier + name] != nil {
                new.learningRateMultiplier = takeNumber(StateName.learningRateMultiplier + name)
            }
            if given[StateName.exclusion + name] != nil {
                new.isExcludedFromWeightDecay =
                    take(StateName.exclusion + name, like: Tensor(true)).element(as: Bool.self)
            }
            let expected = tensors(of: new, parameter, name)
            if parameter.isTrainable || expected.contains(where: { given[$0.name] != nil }) {
                fill(new, of: parameter, from: expected.map { take($0.name, like: $0.tensor) })
            }
            restored.append((parameter, new))
        }
        error.unexpected = given.keys.sorted()
        guard error.isEmpty else { throw error }

        return { [restored] in
            self.calls = Int(iteration)
            if let rate { self.learningRate = rate }
            for (parameter, new) in restored { self.states[ObjectIdentifier(parameter)] = new }
            for state in self.states.values { state.lastCall = 0 }
        }
    }

    /// The inverse of `tensors(of:_:_:)`.
    private final func fill(_ state: ParameterState, of parameter: Parameter, from tensors: [Tensor]) {
        let names = slotNames(for: parameter)
        state.slots = Slots(names: names, tensors: Array(tensors.prefix(names.count)))
        var rest = tensors.dropFirst(names.count)
        if options.useEMA { state.average = rest.popFirst() }
        if options.gradientAccumulationSteps != nil { state.accumulated = rest.popFirst() }
    }
}

/// The names of the state's tensors beside the slots'; a slot cannot have one of them.
enum StateName {
    static let iteration = "iteration"
    static let learningRate = "learning_rate"
    static let average = "average/"
    static let accumulator = "gradient_accumulator/"
    static let learningRateMultiplier = "learning_rate_multiplier/"
    static let exclusion = "excluded_from_weight_decay/"

    static let reserved = [average, accumulator, learningRateMultiplier, exclusion]
}

/// Why a state does not belong to an optimizer and its parameters.
public struct OptimizerStateError: Error, Sendable, Equatable, CustomStringConvertible {
    public let optimizer: String
    /// Names that the optimizer needs and the state lacks.
    public var missing: [String] = []
    /// Names of the state that the optimizer has no use for.
    public var unexpected: [String] = []
    /// Sentences about tensors of another shape or dtype.
    public var mismatched: [String] = []

    init(optimizer: String) { self.optimizer = optimizer }

    var isEmpty: Bool { missing.isEmpty && unexpected.isEmpty && mismatched.isEmpty }

    public var description: String {
        var parts: [String] = []
        if !missing.isEmpty { parts.append("missing: " + missing.joined(separator: ", ")) }
        if !unexpected.isEmpty { parts.append("unexpected: " + unexpected.joined(separator: ", ")) }
        parts += mismatched
        return "The state does not fit the optimizer \(optimizer) and its parameters. "
            + parts.joined(separator: "; ") + ". Use the optimizer and the model that it was saved from."
    }
}
