import CitiusTensor

/// What a forward pass is given beside its inputs: the tape, the mode and the random numbers. Nothing of it
/// is ambient.
public final class Context {
    /// Where the pass is recorded; nil when no gradients are wanted.
    public let tape: Tape?
    /// Whether layers behave as in training: dropout drops, batch normalization normalizes by the batch.
    public let isTraining: Bool
    /// Where layers draw random numbers from.
    public var generator: RandomGenerator
    /// What layers may use to be fast.
    public let acceleration: Acceleration

    /// A pass that trains: recorded, in training mode.
    public static func training(_ tape: Tape, generator: RandomGenerator, acceleration: Acceleration = .full)
        -> Context
    {
        Context(tape: tape, isTraining: true, generator: generator, acceleration: acceleration)
    }

    /// A pass that predicts: not recorded, in inference mode.
    public static var inference: Context {
        Context(tape: nil, isTraining: false, generator: RandomGenerator(seed: 0))
    }

    public init(tape: Tape?, isTraining: Bool, generator: RandomGenerator, acceleration: Acceleration = .full)
    {
        self.tape = tape
        self.isTraining = isTraining
        self.generator = generator
        self.acceleration = acceleration
    }

    /// The parameter as an operand of this pass.
    public subscript(parameter: Parameter) -> Variable {
        if let tape { return tape.watch(parameter) }
        var variable = Variable(parameter.value)
        variable.origin = .parameter(parameter)
        return variable
    }
}
