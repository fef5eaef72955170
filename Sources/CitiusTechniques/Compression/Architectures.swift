import CitiusLayers
import CitiusModels
import CitiusPlatform
import CitiusTensor

extension Model {
    /// A model whose convolutions are depthwise separable: each channel by a filter of its own, then a mixture of channels.
    ///
    /// height · width · channels + channels · filters multiplications for each pixel in place of height · width · channels ·
    /// filters (Howard et al. 2017, arXiv 1704.04861). The new kernels are the best approximation of the old ones: of each
    /// channel's matrix [height · width, filters] the first singular value. It is a beginning for a fine-tuning, not the same
    /// function.
    ///
    /// Convolutions of a single cell, grouped ones and those of fewer than two channels stay as they are, as do those whose
    /// steps along the two axes differ, or that are dilated and step. The new model shares nothing with this one and is not
    /// compiled.
    ///
    /// - Parameter isReplaced: whether a layer is; by default each that can be.
    /// - Throws: a `CompressionError` if there is no such convolution; a `SavingError` if the model has no graph, or if a layer
    ///   does not describe itself; a `LinearAlgebraError` if a kernel holds NaN.
    public final func separated(where isReplaced: (Layer) -> Bool = { _ in true }) throws -> Model {
        let rewriting = try GraphRewriting(self)
        var count = 0
        for call in rewriting.calls
        where rewriting.replacement(of: call.layer) == nil && isReplaced(call.layer) {
            guard let layer = call.layer as? Conv2D, let kernel = layer.kernel?.value,
                kernel.shape[0] * kernel.shape[1] > 1, kernel.shape[2] > 1, layer.configuration.groups == 1,
                layer.configuration.strides.height == layer.configuration.strides.width,
                layer.configuration.dilationRate == 1 || layer.configuration.strides == 1
            else { continue }
            let old = layer.configuration
            let replacement = SeparableConv2D(
                old.filters, kernelSize: old.kernelSize, strides: old.strides, padding: old.padding,
                dilation: old.dilationRate, activation: old.activation, useBias: old.useBias,
                biasInitializer: old.biasInitializer, biasRegularizer: old.biasRegularizer,
                biasConstraint: old.biasConstraint)
            replacement.activityRegularizer = layer.activityRegularizer
            rewriting.take(replacement, for: layer)
            rewriting.set(
                try Self.separated(kernel) + (layer.bias.map { [$0.value] } ?? []), of: replacement)
            count += 1
        }
        guard count > 0 else {
            throw CompressionError("separated: \(label) has no convolution that could be depthwise separable")
        }
        return try rewriting.drawn { _, call, inputs in try rewriting.copy(call.layer).outputs(of: inputs) }
    }

    /// A kernel [height, width, channels, filters] as a depthwise one [height, width, channels, 1] and a pointwise one
    /// [1, 1, channels, filters].
    private static func separated(_ kernel: Tensor) throws -> [Tensor] {
        let shape = kernel.shape
        let (cells, channels, filters) = (shape[0] * shape[1], shape[2], shape[3])
        let matrices = kernel.reshaped(to: [cells, channels, filters]).permuted([1, 0, 2]).cast(to: .float64)
        let (u, values, vt) = try matrices.svd()
        let roots = values.sliced(0..<1, axis: 1).sqrt().reshaped(to: [channels, 1])
        let depthwise = u.sliced(0..<1, axis: 2).reshaped(to: [channels, cells]) * roots
        let pointwise = vt.sliced(0..<1, axis: 1).reshaped(to: [channels, filters]) * roots
        return [
            depthwise.permuted([1, 0]).reshaped(to: [shape[0], shape[1], channels, 1]).cast(to: kernel.dtype),
            pointwise.reshaped(to: [1, 1, channels, filters]).cast(to: kernel.dtype),
        ]
    }

    /// A model that averages each channel over the image where this one lays all pixels out for a dense layer.
    ///
    /// The dense layer behind a `Flatten` has a weight for each pixel and channel, most of a small network's weights; behind a
    /// `GlobalAveragePooling2D` one for each channel (Lin et al. 2014, arXiv 1312.4400). The new kernel is the sum of the
    /// old one's over the pixels: the same result where channels are the same everywhere, a beginning for a fine-tuning
    /// elsewhere. The new model shares nothing with this one and is not compiled.
    ///
    /// - Throws: a `CompressionError` if no `Flatten` of images is read by dense layers alone; a `SavingError` if the model has
    ///   no graph, or if a layer does not describe itself.
    public final func globallyPooled() throws -> Model {
        let rewriting = try GraphRewriting(self)
        var pools: [Int: GlobalAveragePooling2D] = [:]
        for (number, call) in rewriting.calls.enumerated() where call.layer is Flatten {
            guard let unary = call.unary, rewriting.shape(of: unary.input).rank == 3,
                !rewriting.isOutput(unary.output)
            else { continue }
            // The dense layers behind it, perhaps behind dropout.
            var readers: [Dense] = []
            var values = [unary.output]
            var areDense = rewriting.isCalledOnce(call.layer)
            while let value = values.popLast() {
                for reader in rewriting.readers[value] ?? [] {
                    let layer = rewriting.calls[reader].layer
                    if let dense = layer as? Dense, rewriting.isCalledOnce(dense) {
                        readers.append(dense)
                    } else if layer.isIdentityInInference, let next = rewriting.calls[reader].unary?.output,
                        !rewriting.isOutput(next)
                    {
                        values.append(next)
                    } else {
                        areDense = false
                    }
                }
            }
            guard areDense, !readers.isEmpty else { continue }
            let image = rewriting.shape(of: unary.input)
            for layer in readers {
                let copy = try rewriting.copy(layer, withValues: false)
                var parameters = layer.parameters.map { $0.value }
                let units = parameters[0].shape[1]
                parameters[0] = parameters[0].reshaped(to: [image[0] * image[1], image[2], units]).sum(axes: [
                    0
                ])
                rewriting.set(parameters, of: copy)
            }
            pools[number] = GlobalAveragePooling2D()
        }
        guard !pools.isEmpty else {
            throw CompressionError(
                "globallyPooled: \(label) has no Flatten of images that dense layers alone read")
        }
        for (number, pool) in pools {
            rewriting.take(pool, for: rewriting.calls[number].layer)
            pool.name = ""
        }
        return try rewriting.drawn { _, call, inputs in try rewriting.copy(call.layer).outputs(of: inputs) }
    }

    /// An untrained model of the same architecture with more or fewer filters and units: for a sweep over widths.
    ///
    /// ```swift
    /// import CitiusTechniques
    ///
    /// for width in [0.25, 0.5, 1] {
    ///     let candidate = try model.scaled(width: width)
    ///     candidate.compile(optimizer: Adam(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
    ///     try candidate.fit(training, epochs: 1)
    /// }
    /// ```
    ///
    /// Layers whose channels reach an output of the model, or a layer of which it is not known what it does with them, keep
    /// their number; those of others are multiplied and rounded up to a multiple. (Howard et al. 2017, arXiv 1704.04861,
    /// section 3.3: the width multiplier.)
    ///
    /// - Parameters:
    ///   - width: what numbers are multiplied by.
    ///   - multiple: what they are rounded up to a multiple of.
    ///   - seed: of the new weights.
    /// - Throws: a `SavingError` if the model has no graph, or if a layer does not describe itself.
    ///
    /// Traps if a number is not positive.
    public final func scaled(width: Double, multiple: Int = 8, seed: UInt64? = nil) throws -> Model {
        require(
            width > 0 && width.isFinite && multiple > 0,
            "scaled: width \(width) in multiples of \(multiple), expected positive numbers")
        let rewriting = try GraphRewriting(self)
        for layer in ChannelGroups(rewriting, isShrunk: { _ in true }).freeMakers {
            let old = layer.outputChannels
            let wanted = Int((Double(old) * width).rounded(.up))
            rewriting.take(layer.with(outputs: (wanted + multiple - 1) / multiple * multiple), for: layer)
        }
        return try rewriting.drawn(seed: seed) { _, call, inputs in
            try rewriting.copy(call.layer, withValues: false).outputs(of: inputs)
        }
    }
}
