import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Variable {
    /// Brings every channel (the last axis) to mean 0 and variance 1 over all other axes, then scales and
    /// shifts it (Ioffe and Szegedy 2015, arXiv 1502.03167):
    ///
    /// ```
    /// y = scale · (x − mean) / √(variance + ε) + offset
    /// ```
    ///
    /// Mean and variance (of the population) are the batch's own and take part in the gradient. The input is
    /// read twice, once for them and once for y; so is it on the way back.
    ///
    /// - Parameters: `self` is [batch, …, channels], `scale` and `offset` [channels].
    /// - Returns: the output, of the input's shape, and the batch's mean and variance, [channels].
    ///
    /// Traps if a shape does not fit or the batch has no elements.
    public func batchNormalized(
        scale: Variable?, offset: Variable?, epsilon: Double
    ) -> (output: Variable, mean: Tensor, variance: Tensor) {
        batchNormalized(scale: scale, offset: offset, epsilon: epsilon, epilogue: Epilogue())
    }

    /// The same with an epilogue.
    package func batchNormalized(
        scale: Variable?, offset: Variable?, epsilon: Double, epilogue: Epilogue
    ) -> (output: Variable, mean: Tensor, variance: Tensor) {
        require(
            shape.rank >= 2 && shape.count > 0,
            "batchNormalized: input \(shape), expected at least one element in [batch, …, channels]")
        checkChannels("batchNormalized", [("scale", scale?.shape), ("offset", offset?.shape)])
        let layout = ChannelRows(rows: shape.count / shape[-1], channels: shape[-1])

        func apply<T: RealScalar>(_ type: T.Type) -> (Variable, Tensor, Tensor) {
            let (mean, variance) = value.withElements { (x: UnsafePointer<T>) in channelMoments(x, layout) }
            let normalization = Normalization<T>(
                layout, mean: mean, variance: variance, epsilon: epsilon,
                scale: scale?.value.elements(), offset: offset?.value.elements())
            let output = normalized(normalization, scale, offset, epilogue, momentsAreOwn: true)
            return (output, Tensor(mean.map { T($0) }), Tensor(variance.map { T($0) }))
        }
        return apply(dtype.realType(for: "batchNormalized"))
    }

    /// The same with mean and variance given as constants, [channels]: how a trained network predicts.
    public func normalized(
        mean: Tensor, variance: Tensor, scale: Variable?, offset: Variable?, epsilon: Double
    ) -> Variable {
        normalized(
            mean: mean, variance: variance, scale: scale, offset: offset, epsilon: epsilon,
            epilogue: Epilogue())
    }

    /// The same with an epilogue.
    package func normalized(
        mean: Tensor, variance: Tensor, scale: Variable?, offset: Variable?, epsilon: Double,
        epilogue: Epilogue
    ) -> Variable {
        let channels = shape[-1]
        require(
            mean.shape == [channels] && variance.shape == [channels],
            "normalized: mean \(mean.shape) and variance \(variance.shape), expected [\(channels)]")
        checkChannels("normalized", [("scale", scale?.shape), ("offset", offset?.shape)])
        let layout = ChannelRows(rows: shape.count / Swift.max(1, channels), channels: channels)

        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            let normalization = Normalization<T>(
                layout, mean: mean.elements(as: T.self).map { Double($0) },
                variance: variance.elements(as: T.self).map { Double($0) }, epsilon: epsilon,
                scale: scale?.value.elements(), offset: offset?.value.elements())
            return normalized(normalization, scale, offset, epilogue, momentsAreOwn: false)
        }
        return apply(dtype.realType(for: "normalized"))
    }

    private func normalized<T: RealScalar>(
        _ normalization: Normalization<T>, _ scale: Variable?, _ offset: Variable?, _ epilogue: Epilogue,
        momentsAreOwn: Bool
    ) -> Variable {
        let (input, clamp) = (value, epilogue.clamp)
        let y = Tensor(shape: shape) { (y: UnsafeMutablePointer<T>) in
            input.withElements { normalization.apply($0, clamp: clamp, to: y) }
        }
        let isTracked = (input: self.isTracked, scale: scale?.isTracked, offset: offset?.isTracked)
        let output = Variable(y, computedFrom: self, scale ?? Variable(y), offset ?? Variable(y)) { dy in
            let needsSums =
                isTracked.scale == true || isTracked.offset == true || isTracked.input && momentsAreOwn
            return input.withElements { (x: UnsafePointer<T>) in
                dy.withElements { dy in
                    let sums =
                        needsSums ? normalization.gradientSums(x, dy: dy, clamp: clamp) : nil
                    var dx: Tensor?
                    if isTracked.input {
                        dx = Tensor(shape: input.shape) { (dx: UnsafeMutablePointer<T>) in
                            normalization.inputGradient(
                                x, dy: dy, clamp: clamp, through: momentsAreOwn ? sums : nil, to: dx)
                        }
                    }
                    func tensor(_ sums: [Double]?, _ isTracked: Bool?) -> Tensor? {
                        isTracked == true ? sums.map { Tensor($0.map { T($0) }) } : nil
                    }
                    return [
                        dx, tensor(sums?.ofProducts, isTracked.scale),
                        tensor(sums?.ofGradients, isTracked.offset),
                    ]
                }
            }
        }
        return output.pooled(by: epilogue)
    }

    private func checkChannels(_ operation: String, _ parameters: [(String, Shape?)]) {
        let channels = shape[-1]
        for (name, parameter) in parameters {
            require(
                parameter == nil || parameter == [channels],
                "\(operation): \(name) has shape \(parameter ?? []), expected [\(channels)]")
        }
    }
}
