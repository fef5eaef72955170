import CitiusPlatform
import CitiusTensor

/// What a forward pass is given beside its inputs: the tape, the mode and the random numbers; and what it gives
/// beside its outputs: the losses that layers add. Nothing of it is ambient.
public final class Context {
    /// Where the pass is recorded; nil when no gradients are wanted.
    public let tape: Tape?
    /// Whether layers behave as in training: dropout drops, batch normalization normalizes by the batch.
    public let isTraining: Bool
    /// Where layers draw random numbers from.
    public let random: RandomStream
    /// What layers may use to be fast.
    public let acceleration: Acceleration
    /// What layers added to the loss, scalars; see `add(loss:)`.
    public private(set) var losses: [Variable] = []
    /// Whether what layers keep of a batch, such as moving statistics, waits for `applyUpdates()`. By default it is kept at
    /// once; a training pass that is only looked at, or may be tried again, holds it.
    ///
    /// ```swift
    /// let context = model.trainingContext(tape)
    /// context.holdsUpdates = true
    /// let loss = squaredError(model(inputs, in: context), targets)   // leaves no trace in the model
    /// ```
    public var holdsUpdates = false
    private var updates: [(parameter: Parameter, change: (inout Tensor) -> Void)] = []

    /// A pass that trains: recorded, in training mode.
    ///
    /// `Model.trainingContext(_:)` makes one that draws from the model's own stream.
    public static func training(
        _ tape: Tape, random: RandomStream = RandomStream(), acceleration: Acceleration = .full
    ) -> Context {
        Context(tape: tape, isTraining: true, random: random, acceleration: acceleration)
    }

    @available(
        *, unavailable,
        message:
            "a generator is copied and would repeat its numbers at every step; use model.trainingContext(tape), or pass a RandomStream"
    )
    public static func training(
        _ tape: Tape, generator: RandomGenerator, acceleration: Acceleration = .full
    ) -> Context {
        fail("unavailable")
    }

    /// A pass that predicts: not recorded, in inference mode. What it builds is drawn from a fresh seed.
    public static var inference: Context { Context(tape: nil, isTraining: false) }

    public init(
        tape: Tape?, isTraining: Bool, random: RandomStream = RandomStream(),
        acceleration: Acceleration = .full
    ) {
        self.tape = tape
        self.isTraining = isTraining
        self.random = random
        self.acceleration = acceleration
    }

    /// The parameter as an operand of this pass.
    public subscript(parameter: Parameter) -> Variable {
        if let tape { return tape.watch(parameter) }
        var variable = Variable(parameter.value)
        variable.origin = .parameter(parameter)
        return variable
    }

    /// Adds to what training minimizes: for layers whose outputs or parameters have a cost of their own.
    ///
    /// Traps if the loss has more than one element.
    public func add(loss: Variable) {
        require(
            loss.shape.count == 1, "Context: a loss of shape \(loss.shape) is added, expected one element")
        losses.append(loss)
    }

    /// Changes a parameter that a layer keeps itself: at once, or, if the pass holds updates, by `applyUpdates()`.
    public func update(_ parameter: Parameter, _ change: @escaping (inout Tensor) -> Void) {
        if holdsUpdates { updates.append((parameter, change)) } else { parameter.update(change) }
    }

    /// Makes the changes that the pass held, in order, each once.
    public func applyUpdates() {
        for update in updates { update.parameter.update(update.change) }
        updates = []
    }
}
