import CitiusTensor

/// A tensor whose history is recorded, so that a result can be differentiated with respect to it.
///
/// Operations on variables compute at once and, where an operand is tracked, leave a note on its tape. A
/// variable made from a tensor alone is a constant: it belongs to no tape and costs nothing.
public struct Variable {
    public let value: Tensor
    /// Where this variable's history is kept; nil for a constant.
    package let tape: Tape?
    /// The variable's number on its tape.
    package let slot: Int
    /// What few variables have, behind one pointer, since variables are copied often.
    private var notes: Notes?

    private final class Notes {
        let origin: Origin?
        let mask: Tensor?

        init?(origin: Origin?, mask: Tensor?) {
            if origin == nil && mask == nil { return nil }
            self.origin = origin
            self.mask = mask
        }
    }

    /// What the variable was computed from, where a later operation can be more exact if it knows.
    package var origin: Origin? {
        get { notes?.origin }
        set { notes = Notes(origin: newValue, mask: mask) }
    }

    /// Which steps of each sample count, `[batch, steps]` of bool; nil if all do. Layers read it and hand it on (see
    /// `Layer.supportsMasking`); operations drop it.
    public var mask: Tensor? {
        get { notes?.mask }
        set { notes = Notes(origin: origin, mask: newValue) }
    }

    /// How a value came about, for operations that have a stabler form in terms of the source: a
    /// cross-entropy of a softmax works on the logits; or a faster one: a parameter outside of training is packed
    /// but once.
    package enum Origin {
        case parameter(Parameter)
        case softmax(of: Variable)
        case sigmoid(of: Variable)
    }

    /// A constant.
    public init(_ value: Tensor) {
        self.init(value, tape: nil, slot: -1)
    }

    package init(_ value: Tensor, tape: Tape?, slot: Int) {
        self.value = value
        self.tape = tape
        self.slot = slot
    }

    /// A result computed from other variables, with its own rule of differentiation. All differentiable
    /// operations of the library are made by this initializer; use it for yours.
    ///
    /// ```swift
    /// func cubed(_ x: Variable) -> Variable {
    ///     Variable(x.value * x.value * x.value, computedFrom: x) { cotangent in
    ///         [cotangent * x.value * x.value * 3]
    ///     }
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - value: the result.
    ///   - inputs: what it was computed from, all of one tape or constant. Traps if they are of several tapes.
    ///   - pullback: given the gradient of the final result with respect to this value (of its shape), the
    ///     gradients with respect to each input (of theirs), nil where there is none. Called at most once,
    ///     and only if an input is tracked; skip the work for an input whose `isTracked` is false.
    public init(
        _ value: Tensor, computedFrom inputs: Variable..., pullback: @escaping (Tensor) -> [Tensor?]
    ) {
        self = Tape.record(value, from: inputs, pullback: pullback)
    }

    /// Several results computed together, with one rule of differentiation: the pullback is given a gradient
    /// for each result (nil where nothing depends on it) and returns one for each input.
    public static func computed(
        _ values: [Tensor], from inputs: [Variable], pullback: @escaping ([Tensor?]) -> [Tensor?]
    ) -> [Variable] {
        Tape.record(values, from: inputs, pullback: pullback)
    }

    /// Whether gradients flow to this variable.
    public var isTracked: Bool { tape != nil }

    public var shape: Shape { value.shape }
    public var dtype: DType { value.dtype }

    /// The same value as a constant: no gradient flows through it.
    public func stopGradient() -> Variable { Variable(value) }
}
