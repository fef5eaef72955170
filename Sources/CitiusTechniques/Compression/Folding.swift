import CitiusAutograd
import CitiusLayers
import CitiusModels
import CitiusTensor

extension Model {
    /// A model that computes the same in inference without batch normalizations behind convolutions and dense layers: these
    /// take them on.
    ///
    /// A normalization with the moving statistics is a factor and a shift for each channel, as a layer's weights are:
    ///
    /// ```
    /// factor = gamma / √(moving variance + ε)
    /// kernel' = kernel · factor,  bias' = (bias − moving mean) · factor + beta
    /// ```
    ///
    /// The results are the same within rounding. The new model is for inference, or for a fine-tuning without normalization:
    /// it shares nothing with this one and is not compiled. A normalization stays where something else reads what it
    /// normalizes, where an activation lies before it, or where its layer is called several times.
    ///
    /// ```swift
    /// import CitiusTechniques
    ///
    /// let fast = try model.folded()
    /// let classes = try fast.predict(images)
    /// ```
    ///
    /// (Jacob et al. 2018, arXiv 1712.05877, section 3.2.)
    ///
    /// - Throws: a `SavingError` if the model has no graph, or if a layer does not describe itself.
    public final func folded() throws -> Model {
        let rewriting = try GraphRewriting(self)
        // By the calls of normalizations, what takes them on.
        var folded: [Int: Layer] = [:]
        for (number, call) in rewriting.calls.enumerated() {
            guard let normalization = call.layer as? BatchNormalization, let value = call.unary?.input,
                normalization.normalizesLastAxis(of: rewriting.shape(of: value)),
                normalization.activityRegularizer == nil, rewriting.isCalledOnce(normalization),
                rewriting.onlyReader(of: value) != nil, let giver = rewriting.givers[value],
                case let layer = rewriting.calls[giver].layer, rewriting.isCalledOnce(layer),
                rewriting.calls[giver].outputs.count == 1,
                let replacement = layer.withBias(), let affine = normalization.affine
            else { continue }
            rewriting.take(replacement, for: layer)
            rewriting.set(layer.weights(scaledBy: affine.factor, shiftedBy: affine.shift), of: replacement)
            folded[number] = layer
        }
        return try rewriting.drawn { number, call, inputs in
            if folded[number] != nil { return inputs }
            return try rewriting.copy(call.layer).outputs(of: inputs)
        }
    }
}

extension BatchNormalization {
    fileprivate func normalizesLastAxis(of sample: Shape) -> Bool {
        configuration.axis == -1 || configuration.axis == sample.rank
    }

    /// What the normalization is in inference: y = x · factor + shift, in double precision.
    fileprivate var affine: (factor: Tensor, shift: Tensor)? {
        guard let movingMean, let movingVariance else { return nil }
        func double(_ parameter: Parameter) -> Tensor { parameter.value.cast(to: .float64) }
        var factor = 1 / (double(movingVariance) + configuration.epsilon).sqrt()
        if let gamma { factor = factor * double(gamma) }
        var shift = -(double(movingMean) * factor)
        if let beta { shift = shift + double(beta) }
        return (factor, shift)
    }
}

extension Layer {
    /// The same layer with a bias, if it is a product without an activation, to which a factor and a shift of its outputs
    /// can be given; nil for others.
    fileprivate func withBias() -> Layer? {
        guard activityRegularizer == nil else { return nil }
        func isLinear(_ activation: ActivationFunction) -> Bool { activation.clamp == .identity }
        func changed<L: ConfigurableLayer>(
            _ layer: L, _ useBias: WritableKeyPath<L.Configuration, Bool>
        ) -> L {
            var configuration = layer.configuration
            configuration[keyPath: useBias] = true
            return L(configuration: configuration, name: nil)
        }
        switch self {
        case let layer as Dense where isLinear(layer.configuration.activation):
            return changed(layer, \.useBias)
        case let layer as Conv2D where isLinear(layer.configuration.activation):
            return changed(layer, \.useBias)
        case let layer as Conv1D where isLinear(layer.configuration.activation):
            return changed(layer, \.useBias)
        case let layer as Conv3D where isLinear(layer.configuration.activation):
            return changed(layer, \.useBias)
        case let layer as DepthwiseConv2D where isLinear(layer.configuration.activation):
            return changed(layer, \.useBias)
        case let layer as SeparableConv2D where isLinear(layer.configuration.activation):
            return changed(layer, \.useBias)
        default: return nil
        }
    }

    /// The values of kernels and bias with which the layer's outputs are multiplied by factors and shifted.
    fileprivate func weights(scaledBy factor: Tensor, shiftedBy shift: Tensor) -> [Tensor] {
        let kernels = parameters.filter { $0.name != "bias" }.map { $0.value }
        let bias = parameters.first { $0.name == "bias" }?.value
        guard let last = kernels.last else { return [] }
        // The last kernel makes the outputs: its last axis is theirs, or, of a depthwise one, its last two.
        let isDepthwise = self is DepthwiseConv2D
        let outputs: Shape = isDepthwise ? [last.shape[-2], last.shape[-1]] : [last.shape[-1]]
        let scaled = (last.cast(to: .float64) * factor.reshaped(to: outputs)).cast(to: last.dtype)
        let shifted = bias.map { $0.cast(to: .float64) * factor + shift } ?? shift
        return kernels.dropLast() + [scaled, shifted.cast(to: last.dtype)]
    }
}
