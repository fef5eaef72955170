import CitiusKernels
import CitiusPlatform

/// Gradient descent, with momentum if asked for.
///
///     w ← w − η·g
///
/// With momentum μ and the velocity v, which starts at zero:
///
///     v ← μ·v − η·g,  w ← w + v
///
/// Nesterov's form looks ahead: w ← w + μ·v − η·g. Follows `keras.optimizers.SGD`.
public final class SGD: FusedOptimizer {
    public let momentum: Double
    public let nesterov: Bool

    /// - Parameters:
    ///   - learningRate: η.
    ///   - momentum: μ, 0…1.
    ///   - nesterov: whether to use Nesterov's form.
    ///   - weightDecay: the part of a weight that a step of learning rate 1 takes away.
    ///   - clipNorm: the longest that each gradient may be.
    ///   - clipValue: the largest magnitude of a gradient's elements.
    ///   - globalClipNorm: the longest that all gradients together may be.
    ///
    /// Traps if a number is out of range, or if more than one kind of clipping is given.
    public init(
        learningRate: Double = 0.01, momentum: Double = 0, nesterov: Bool = false, weightDecay: Double? = nil,
        clipNorm: Double? = nil, clipValue: Double? = nil, globalClipNorm: Double? = nil
    ) {
        require((0...1).contains(momentum), "SGD: momentum is \(momentum), expected 0…1")
        self.momentum = momentum
        self.nesterov = nesterov
        super.init(
            learningRate: learningRate, slotCount: momentum == 0 ? 0 : 1, weightDecay: weightDecay,
            clipNorm: clipNorm, clipValue: clipValue, globalClipNorm: globalClipNorm)
    }

    package override func step<T: KernelReal>(
        _ segments: [StepSegment], of type: T.Type, _ preparation: StepPreparation
    ) {
        sgdStep(
            segments, of: T.self, rate: learningRate, momentum: momentum, isNesterov: nesterov, preparation)
    }
}
