import CitiusAutograd
import CitiusData
import CitiusLayers
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Has the first convolution whiten the images' patches, and holds its kernel fixed: the layers after it read numbers that
/// are uncorrelated and of like variance (Page 2019, "How to train your ResNet", part 8; Jordan 2024, arXiv 2404.00498).
///
/// With C = V·diag(λ)·Vᵀ the covariance of the patches that the window covers, and m their mean, filter k is
///
/// ```
/// w[k] = v[k] / √(λ[k] + ε · mean of λ)       bias[k] = −w[k] · m
/// ```
///
/// from the largest λ on. A patch has n = height · width · channels numbers; filters beyond n are the first ones negated,
/// which keeps for a relu behind them what it would cut off.
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// let model = Sequential {
///     Input(28, 28, 1)
///     Conv2D(18, kernelSize: 3)
///     BatchNormalization()
///     ReLU()
///     GlobalAveragePooling2D()
///     Dense(10, activation: .softmax)
/// }
/// model.compile(optimizer: .adam, loss: .sparseCategoricalCrossentropy)
/// try model.fit(train, epochs: 10, techniques: [.whitening()])
/// ```
///
/// The kernel takes no gradient while the training lasts, which saves the time for it; the bias does. Where the sources take
/// the patches' second moments, this takes their covariance, so that images need not have a mean of 0.
public final class WhiteningConvolution: Technique {
    public let samples: Int
    public let epsilon: Double
    public let claims: Set<TechniqueClaim> = [.initialWeights]
    public let stage = TechniqueStage.optimization

    private var kernel: Parameter?

    /// - Parameters:
    ///   - samples: of the data whose patches are taken.
    ///   - epsilon: what keeps directions of hardly any variance from being blown up, relative to the mean variance.
    ///
    /// Traps if a number is out of range. The training throws if the model has no graph, or its first convolution is none
    /// over images, has groups, or more filters than twice the numbers of a patch.
    public init(samples: Int = 5_000, epsilon: Double = 5e-4) {
        require(
            samples >= 1 && epsilon > 0 && epsilon.isFinite,
            "WhiteningConvolution: \(samples) samples and epsilon \(epsilon), expected positive numbers")
        (self.samples, self.epsilon) = (samples, epsilon)
    }

    public func begin(_ training: Training) throws {
        kernel = nil
        guard let found = try firstConvolution(of: training.model).layer.kernel, !found.isFrozen else {
            return
        }
        found.isFrozen = true
        kernel = found
    }

    public func prepare(_ training: Training) throws {
        let (layer, reader) = try firstConvolution(of: training.model)
        guard let kernel = layer.kernel else { return }
        let (mean, covariance) = try patchMoments(layer, reader, training.data.prefix(samples))
        let (variances, directions) = try covariance.symmetricEigen()
        let size = covariance.shape[0]
        let floor = max(epsilon * variances.mean().scalar, 1e-30)
        // Columns are directions, and LAPACK's last is of the largest variance.
        let scaled = (directions / (variances.maximum(0) + floor).sqrt()).flipped(axes: [1])
        let filters = Tensor.concatenate([scaled, -scaled], axis: 1)
            .sliced(0..<layer.configuration.filters, axis: 1)
        require(
            filters.shape[0] == size, "WhiteningConvolution: \(filters.shape) filters for \(size) numbers")
        kernel.value = filters.reshaped(to: kernel.shape).cast(to: kernel.dtype)
        if let bias = layer.bias {
            bias.value = -mean.matmul(filters).flattened().cast(to: bias.dtype)
        }
    }

    public func end(_ training: Training) { kernel?.isFrozen = false }

    /// The first convolution, and a model of what it reads; nil if that is the model's input.
    private func firstConvolution(of model: Model) throws -> (layer: Conv2D, reader: Model?) {
        guard model.hasGraph else {
            throw TechniqueError("it needs a model with a graph, such as a Sequential that is built")
        }
        let graph = try GraphRewriting(model)
        guard let call = graph.calls.first(where: { $0.layer is Conv2D }), let layer = call.layer as? Conv2D
        else {
            throw TechniqueError("it needs a Conv2D, and the model has none")
        }
        let configuration = layer.configuration
        guard configuration.groups == 1 else {
            throw TechniqueError(
                "the first convolution has \(configuration.groups) groups, expected one over all channels")
        }
        let size = layer.kernel?.shape.sizes.dropLast().reduce(1, *) ?? 0
        guard configuration.filters <= 2 * size else {
            throw TechniqueError(
                "the first convolution has \(configuration.filters) filters, and its patches of \(size) numbers have "
                    + "\(size) directions, each of two signs: expected up to \(2 * size) filters")
        }
        guard graph.givers[call.inputs[0]] != nil else { return (layer, nil) }
        return (layer, graph.model(giving: [call.inputs[0]]))
    }

    /// The mean [1, n] and the covariance [n, n] of the patches, in float64.
    private func patchMoments(
        _ layer: Conv2D, _ reader: Model?, _ data: Dataset
    ) throws -> (mean: Tensor, covariance: Tensor) {
        let configuration = layer.configuration
        var count = 0
        var sum: Tensor?
        var products: Tensor?
        for batch in data.batched(256) {
            var images = try reader?.predictOnBatch(batch.inputs) ?? batch.inputs
            if configuration.dataFormat == .channelsFirst { images = images.permuted([0, 2, 3, 1]) }
            let patches = images.cast(to: .float64).extractedPatches(
                size: configuration.kernelSize, strides: configuration.strides,
                dilation: configuration.dilationRate)
            let size = patches.shape[-1]
            let rows = patches.reshaped(to: [patches.count / size, size])
            count += rows.shape[0]
            let (own, ownProducts) = (
                rows.sum(axes: [0], keepingAxes: true), rows.matmul(rows, transposingLeft: true)
            )
            sum = sum.map { $0 + own } ?? own
            products = products.map { $0 + ownProducts } ?? ownProducts
        }
        guard let sum, let products, count > 0 else {
            throw TechniqueError("there are no images to take patches of")
        }
        let mean = sum / Double(count)
        return (mean, products / Double(count) - mean.matmul(mean, transposingLeft: true))
    }
}

extension Technique where Self == WhiteningConvolution {
    /// A first convolution that whitens the images' patches, and is held fixed; see `WhiteningConvolution`.
    public static func whitening(samples: Int = 5_000, epsilon: Double = 5e-4) -> WhiteningConvolution {
        WhiteningConvolution(samples: samples, epsilon: epsilon)
    }
}
