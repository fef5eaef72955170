import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// The record of a computation: which result came from which operands, in order, and how gradients pass
/// from the one to the others.
///
/// Reverse-mode differentiation walks it once, backwards (Griewank and Walther, "Evaluating Derivatives",
/// 2008, chapter 3). It serves one differentiation: walking frees the intermediate values as it goes.
///
/// ```swift
/// let tape = Tape()
/// let x = tape.watch(Tensor([1, 2, 3] as [Float]))
/// let y = (x * x).sum()
/// let gradient = tape.gradients(of: y)[x]        // 2x
/// ```
public final class Tape {
    private struct Entry {
        let firstOutput: Int
        let outputCount: Int
        /// The operands' slots, -1 for constants.
        let inputs: [Int]
        let pullback: Pullback
    }

    private enum Pullback {
        case tensors(([Tensor?]) -> [Tensor?])
        /// Of one output.
        case tensor((Tensor) -> [Tensor?])
        /// Of a lookup in a parameter.
        case rows((Tensor) -> RowGradient)
    }

    private var entries: [Entry] = []
    private var slotCount = 0
    /// Slots alone: a variable in here would keep the tape, and the value's storage shared, for ever.
    private var parameterSlots: [ObjectIdentifier: Int] = [:]
    private var isSpent = false

    public init() {
        // Those of a small network: growing step by step would allocate several times.
        entries.reserveCapacity(32)
        parameterSlots.reserveCapacity(16)
    }

    /// Tracks a tensor: a leaf, to which gradients flow.
    ///
    /// Traps if the elements are not floating-point numbers.
    public func watch(_ value: Tensor) -> Variable {
        require(
            value.dtype.isFloatingPoint,
            "Tape: cannot watch a tensor of \(value.dtype), expected real numbers")
        defer { slotCount += 1 }
        return Variable(value, tape: self, slot: slotCount)
    }

    /// Tracks a parameter's value, or gives the constant if the parameter is not to be trained. However
    /// often a parameter is used, it is one leaf.
    public func watch(_ parameter: Parameter) -> Variable {
        guard parameter.isTrainable else { return Variable(parameter.value) }
        return Variable(parameter.value, tape: self, slot: slot(of: parameter))
    }

    private func slot(of parameter: Parameter) -> Int {
        if let slot = parameterSlots[ObjectIdentifier(parameter)] { return slot }
        defer { slotCount += 1 }
        parameterSlots[ObjectIdentifier(parameter)] = slotCount
        return slotCount
    }

    /// Records what was looked up in a parameter that is to be trained.
    func recordRows(
        _ value: Tensor, of parameter: Parameter, pullback: @escaping (Tensor) -> RowGradient
    ) -> Variable {
        Variable(value, tape: self, slot: record(1, fromSlots: [slot(of: parameter)], .rows(pullback)))
    }

    package static func record(
        _ values: [Tensor], from inputs: [Variable], pullback: @escaping ([Tensor?]) -> [Tensor?]
    ) -> [Variable] {
        guard let tape = tape(of: inputs) else { return values.map { Variable($0) } }
        let first = tape.record(values.count, fromSlots: inputs.map { $0.slot }, .tensors(pullback))
        return values.enumerated().map { Variable($1, tape: tape, slot: first + $0) }
    }

    /// The same of one value, without the arrays.
    static func record(
        _ value: Tensor, from inputs: [Variable], pullback: @escaping (Tensor) -> [Tensor?]
    ) -> Variable {
        guard let tape = tape(of: inputs) else { return Variable(value) }
        let slot = tape.record(1, fromSlots: inputs.map { $0.slot }, .tensor(pullback))
        return Variable(value, tape: tape, slot: slot)
    }

    private static func tape(of inputs: [Variable]) -> Tape? {
        var tape: Tape?
        for input in inputs {
            guard let inputTape = input.tape else { continue }
            require(
                tape == nil || tape === inputTape,
                "Tape: an operation mixes variables of two tapes; use stopGradient() on those of one")
            tape = inputTape
        }
        return tape
    }

    /// Gives the first output's slot.
    private func record(_ count: Int, fromSlots inputs: [Int], _ pullback: Pullback) -> Int {
        require(!isSpent, "Tape: it was differentiated already; record on a new one")
        defer { slotCount += count }
        entries.append(
            Entry(firstOutput: slotCount, outputCount: count, inputs: inputs, pullback: pullback))
        return slotCount
    }

    /// Differentiates `result` with respect to everything that is watched.
    ///
    /// - Parameters:
    ///   - result: a variable of this tape; of one element, unless a cotangent is given.
    ///   - cotangent: for a result v of many elements, the weights w of its elements: the gradients are those
    ///     of Σ wᵢ·vᵢ. By default ones.
    ///
    /// Traps if the result is not of this tape, has many elements and no cotangent, or if the tape has been
    /// differentiated before. A result that is a constant has no gradients.
    public func gradients(of result: Variable, cotangent: Tensor? = nil) -> Gradients {
        require(!isSpent, "gradients: the tape was differentiated already; record on a new one")
        require(result.tape == nil || result.tape === self, "gradients: the result is of another tape")
        if let cotangent {
            require(
                cotangent.shape == result.shape,
                "gradients: the cotangent has shape \(cotangent.shape), expected the result's \(result.shape)"
            )
        } else {
            require(
                result.value.count == 1,
                "gradients: the result has shape \(result.shape), expected one element or a cotangent")
        }
        isSpent = true
        guard result.isTracked else { return Gradients(bySlot: [], rowsBySlot: [:], parameterSlots: [:]) }
        var bySlot = [Tensor?](repeating: nil, count: slotCount)
        // Of parameters that were looked up in: these are leaves, so that nobody asks for them before the end.
        var rowsBySlot: [Int: [RowGradient]] = [:]
        bySlot[result.slot] = cotangent ?? Tensor(ones: result.shape, dtype: result.dtype)
        while let entry = entries.popLast() {
            let contributions: [Tensor?]
            switch entry.pullback {
            case .tensor(let pullback):
                guard let cotangent = bySlot[entry.firstOutput] else { continue }
                bySlot[entry.firstOutput] = nil
                contributions = pullback(cotangent)
            case .tensors(let pullback):
                let outputs = entry.firstOutput..<entry.firstOutput + entry.outputCount
                let cotangents = Array(bySlot[outputs])
                guard cotangents.contains(where: { $0 != nil }) else { continue }
                for slot in outputs { bySlot[slot] = nil }
                contributions = pullback(cotangents)
            case .rows(let pullback):
                guard let cotangent = bySlot[entry.firstOutput] else { continue }
                bySlot[entry.firstOutput] = nil
                rowsBySlot[entry.inputs[0], default: []].append(pullback(cotangent))
                continue
            }
            require(
                contributions.count == entry.inputs.count,
                "gradients: a pullback returned \(contributions.count) gradients for \(entry.inputs.count) inputs"
            )
            for (slot, contribution) in zip(entry.inputs, contributions) {
                guard slot >= 0, let contribution else { continue }
                if let sum = bySlot[slot] {
                    bySlot[slot] = nil
                    bySlot[slot] = sum + contribution
                } else {
                    bySlot[slot] = contribution
                }
            }
        }
        var rows: [Int: RowGradient] = [:]
        for (slot, gradients) in rowsBySlot {
            let sum = RowGradient(sumOf: gradients)
            if var dense = bySlot[slot] {
                bySlot[slot] = nil
                sum.add(to: &dense)
                bySlot[slot] = dense
            } else {
                rows[slot] = sum
            }
        }
        return Gradients(bySlot: bySlot, rowsBySlot: rows, parameterSlots: parameterSlots)
    }
}

/// The gradients of one result with respect to the leaves of its tape.
public struct Gradients {
    fileprivate let bySlot: [Tensor?]
    /// Of parameters that were only looked up in.
    fileprivate let rowsBySlot: [Int: RowGradient]
    fileprivate let parameterSlots: [ObjectIdentifier: Int]

    /// The gradient with respect to a watched tensor; zeros if the result does not depend on it.
    ///
    /// Traps if the variable is a constant.
    public subscript(variable: Variable) -> Tensor {
        require(variable.isTracked, "gradients: the variable is a constant, expected one that a tape watches")
        return gradient(at: variable.slot) ?? Tensor(zeros: variable.shape, dtype: variable.dtype)
    }

    /// The gradient with respect to a parameter, nil if the result does not depend on it.
    public subscript(parameter: Parameter) -> Tensor? { gradient(of: parameter)?.dense }

    /// The same as an optimizer takes it: of a parameter that was only looked up in, the rows that were read.
    package func gradient(of parameter: Parameter) -> ParameterGradient? {
        guard let slot = parameterSlots[ObjectIdentifier(parameter)] else { return nil }
        return rowsBySlot[slot].map { .rows($0) } ?? gradient(at: slot).map { .dense($0) }
    }

    private func gradient(at slot: Int) -> Tensor? { slot < bySlot.count ? bySlot[slot] : nil }
}

// MARK: Without a tape in sight

/// The value of a function and its gradients with respect to its arguments.
///
/// ```swift
/// let (value, gradients) = valueWithGradients(at: [x, y]) { v in (v[0] * v[1]).sum() }
/// ```
///
/// Traps if the function's result has more than one element.
public func valueWithGradients(
    at arguments: [Tensor], of function: ([Variable]) -> Variable
) -> (value: Tensor, gradients: [Tensor]) {
    let tape = Tape()
    let variables = arguments.map { tape.watch($0) }
    let result = function(variables)
    let gradients = tape.gradients(of: result)
    return (result.value, variables.map { gradients[$0] })
}

/// The value of a function of one tensor and its gradient.
public func valueWithGradient(
    at argument: Tensor, of function: (Variable) -> Variable
) -> (value: Tensor, gradient: Tensor) {
    let (value, gradients) = valueWithGradients(at: [argument]) { function($0[0]) }
    return (value, gradients[0])
}
