import CitiusKernels
import CitiusTensor

/// A tensor that a layer owns and training changes: a kernel, a bias, a moving mean.
///
/// It is an object: layers that share it share its value, and optimizers keep their state by its identity.
public final class Parameter {
    public let name: String
    /// Of fixed shape and dtype; traps when set to another.
    public var value: Tensor {
        didSet {
            require(
                value.shape == oldValue.shape && value.dtype == oldValue.dtype,
                "\(name): set to \(value.dtype) \(value.shape), expected \(oldValue.dtype) \(oldValue.shape)")
        }
    }
    /// Whether gradient descent ever trains it; false for statistics that a layer keeps itself.
    public let isLearned: Bool
    /// Held fixed for now, as the layers below the new head in transfer learning.
    public var isFrozen = false

    public init(name: String, value: Tensor, isLearned: Bool = true) {
        self.name = name
        self.value = value
        self.isLearned = isLearned
    }

    /// Whether a training step changes it by its gradient.
    public var isTrainable: Bool { isLearned && !isFrozen }
}
