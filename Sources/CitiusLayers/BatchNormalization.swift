import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Brings every channel (the last axis) to mean 0 and variance 1, then scales and shifts it by learned
/// amounts (Ioffe and Szegedy 2015, arXiv 1502.03167). Follows `keras.layers.BatchNormalization`.
///
/// ```
/// y = gamma · (x − mean) / √(variance + ε) + beta
/// ```
///
/// In training, mean and variance (of the population) are the batch's, and the moving ones follow them:
/// moving ← moving · momentum + batch · (1 − momentum). Otherwise, and while the layer is frozen, the moving
/// ones serve.
///
/// # Shapes
/// [batch, …, channels] → the same; gamma, beta, moving mean and moving variance, in this order, [channels].
public final class BatchNormalization: Layer {
    public let momentum: Double
    public let epsilon: Double
    private let centers: Bool
    private let scales: Bool
    private var gamma: Parameter?
    private var beta: Parameter?
    private var movingMean: Parameter?
    private var movingVariance: Parameter?

    /// - Parameters:
    ///   - momentum: how much of the moving statistics a step keeps.
    ///   - epsilon: what is added to the variance.
    ///   - center: whether there is a beta.
    ///   - scale: whether there is a gamma.
    ///
    /// Traps if the momentum is not in 0...1 or epsilon is not positive.
    public init(
        momentum: Double = 0.99, epsilon: Double = 1e-3, center: Bool = true, scale: Bool = true,
        name: String? = nil
    ) {
        require(
            (0...1).contains(momentum), "BatchNormalization: momentum is \(momentum), expected 0 to 1")
        require(epsilon > 0, "BatchNormalization: epsilon is \(epsilon), expected a positive number")
        self.momentum = momentum
        self.epsilon = epsilon
        centers = center
        scales = scale
        super.init(name: name)
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        let shape: Shape = [inputShape[-1]]
        if scales {
            gamma = addParameter("gamma", shape: shape, initializer: .ones, generator: &generator)
        }
        if centers {
            beta = addParameter("beta", shape: shape, initializer: .zeros, generator: &generator)
        }
        movingMean = addParameter(
            "moving_mean", shape: shape, initializer: .zeros, isLearned: false, generator: &generator)
        movingVariance = addParameter(
            "moving_variance", shape: shape, initializer: .ones, isLearned: false, generator: &generator)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        require(inputShape.rank >= 1, "\(label): samples are scalars, expected [.., channels]")
        return inputShape
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        forward(input, in: context, epilogue: Epilogue())
    }

    /// With what follows the layer.
    package func forward(_ input: Variable, in context: Context, epilogue: Epilogue) -> Variable {
        guard let movingMean, let movingVariance else {
            fail("\(label): forward was called before the layer was built")
        }
        let scale = gamma.map { context[$0] }
        let offset = beta.map { context[$0] }
        guard context.isTraining, isTrainable else {
            return input.normalized(
                mean: movingMean.value, variance: movingVariance.value, scale: scale, offset: offset,
                epsilon: epsilon, epilogue: epilogue)
        }
        let (output, mean, variance) = input.batchNormalized(
            scale: scale, offset: offset, epsilon: epsilon, epilogue: epilogue)
        for (moving, batch) in [(movingMean, mean), (movingVariance, variance)] {
            moving.update { $0.move(towards: batch, momentum: momentum) }
        }
        return output
    }
}
