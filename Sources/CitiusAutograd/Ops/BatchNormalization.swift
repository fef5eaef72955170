import CitiusKernels
import CitiusTensor

extension Variable {
    /// Brings every channel (the last axis) to mean 0 and variance 1 over all other axes, then scales and
    /// shifts it (Ioffe and Szegedy 2015, arXiv 1502.03167):
    ///
    /// ```
    /// y = scale · (x − mean) / √(variance + ε) + offset
    /// ```
    ///
    /// Mean and variance (of the population) are the batch's own and take part in the gradient.
    ///
    /// - Parameters: `self` is [batch, …, channels], `scale` and `offset` [channels].
    /// - Returns: the output, of the input's shape, and the batch's mean and variance, [channels].
    ///
    /// Traps if a shape does not fit or the batch has no elements.
    public func batchNormalized(
        scale: Variable?, offset: Variable?, epsilon: Double
    ) -> (output: Variable, mean: Tensor, variance: Tensor) {
        let input = self
        require(
            shape.rank >= 2 && shape.count > 0,
            "batchNormalized: input \(shape), expected at least one element in [batch, …, channels]")
        let channels = shape[-1]
        let rows = shape.count / channels
        for (name, parameter) in [("scale", scale), ("offset", offset)] {
            require(
                parameter == nil || parameter?.shape == [channels],
                "batchNormalized: \(name) has shape \(parameter?.shape ?? []), expected [\(channels)]")
        }

        func apply<T: RealScalar>(_ type: T.Type) -> (Variable, Tensor, Tensor) {
            var variance = Tensor(uninitialized: [channels], dtype: T.dtype)
            let mean = Tensor(shape: [channels]) { (mean: UnsafeMutablePointer<T>) in
                input.value.withElements { x in
                    variance.withMutableElements { variance in
                        withWorkspace(BatchNormalizationKernel.workspaceCount(channels: channels)) {
                            BatchNormalizationKernel.moments(
                                x, rows: rows, channels: channels, mean: mean, variance: variance,
                                workspace: $0)
                        }
                    }
                }
            }
            let inverseDeviation = Tensor(
                variance.elements(as: T.self).map { 1 / ($0 + T(epsilon)).squareRoot() })
            let y = input.value.normalized(
                T.self, mean: mean, inverseDeviation: inverseDeviation, scale: scale?.value,
                offset: offset?.value)
            let output = Variable(y, computedFrom: input, scale ?? Variable(y), offset ?? Variable(y)) { dy in
                let (dx, dScale, dOffset) = input.value.normalizationGradients(
                    T.self, dy: dy, mean: mean, inverseDeviation: inverseDeviation, scale: scale?.value,
                    needsInputGradient: input.isTracked)
                return [dx, scale == nil ? nil : dScale, offset == nil ? nil : dOffset]
            }
            return (output, mean, variance)
        }
        return apply(dtype.realType(for: "batchNormalized"))
    }

    /// The same with mean and variance given as constants, [channels]: how a trained network predicts.
    public func normalized(
        mean: Tensor, variance: Tensor, scale: Variable?, offset: Variable?, epsilon: Double
    ) -> Variable {
        let channels = shape[-1]
        require(
            mean.shape == [channels] && variance.shape == [channels],
            "normalized: mean \(mean.shape) and variance \(variance.shape), expected [\(channels)]")
        let input = self

        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            let inverseDeviation = Tensor(
                variance.elements(as: T.self).map { 1 / ($0 + T(epsilon)).squareRoot() })
            let y = input.value.normalized(
                T.self, mean: mean, inverseDeviation: inverseDeviation, scale: scale?.value,
                offset: offset?.value)
            return Variable(y, computedFrom: input, scale ?? Variable(y), offset ?? Variable(y)) { dy in
                let (_, dScale, dOffset) = input.value.normalizationGradients(
                    T.self, dy: dy, mean: mean, inverseDeviation: inverseDeviation, scale: nil,
                    needsInputGradient: false)
                var dx: Tensor?
                if input.isTracked {
                    let none = Tensor(zeros: [channels], dtype: T.dtype)
                    dx = dy.normalized(
                        T.self, mean: none, inverseDeviation: inverseDeviation, scale: scale?.value,
                        offset: nil)
                }
                return [dx, scale == nil ? nil : dScale, offset == nil ? nil : dOffset]
            }
        }
        return apply(dtype.realType(for: "normalized"))
    }
}

extension Tensor {
    /// scale · (x − mean) · inverseDeviation + offset, as one multiplication and one addition an element.
    fileprivate func normalized<T: RealScalar>(
        _ type: T.Type, mean: Tensor, inverseDeviation: Tensor, scale: Tensor?, offset: Tensor?
    ) -> Tensor {
        let channels = shape[-1]
        let mean = mean.elements(as: T.self)
        var factor = inverseDeviation.elements(as: T.self)
        if let scale { factor = zip(factor, scale.elements(as: T.self)).map { $0 * $1 } }
        let offset = offset?.elements(as: T.self) ?? [T](repeating: 0, count: channels)
        let shift = (0..<channels).map { offset[$0] - mean[$0] * factor[$0] }
        return Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
            withElements { x in
                BatchNormalizationKernel.scaleAndShift(
                    x, factor: factor, shift: shift, rows: channels == 0 ? 0 : count / channels,
                    channels: channels, to: out)
            }
        }
    }

    /// The gradients with respect to input (through the batch's own moments), scale and offset.
    fileprivate func normalizationGradients<T: RealScalar>(
        _ type: T.Type, dy: Tensor, mean: Tensor, inverseDeviation: Tensor, scale: Tensor?,
        needsInputGradient: Bool
    ) -> (input: Tensor?, scale: Tensor, offset: Tensor) {
        typealias Kernel = BatchNormalizationKernel
        let channels = shape[-1]
        let rows = count / Swift.max(1, channels)
        return withElements { (x: UnsafePointer<T>) in
            dy.withElements { (dy: UnsafePointer<T>) in
                mean.withElements { (mean: UnsafePointer<T>) in
                    inverseDeviation.withElements { (deviation: UnsafePointer<T>) in
                        var dScale = Tensor(uninitialized: [channels], dtype: T.dtype)
                        let dOffset = Tensor(shape: [channels]) { (sums: UnsafeMutablePointer<T>) in
                            dScale.withMutableElements { products in
                                withWorkspace(Kernel.workspaceCount(channels: channels)) {
                                    Kernel.gradientSums(
                                        x: x, dy: dy, mean: mean, inverseDeviation: deviation, rows: rows,
                                        channels: channels, sumOfGradients: sums, sumOfProducts: products,
                                        workspace: $0)
                                }
                            }
                        }
                        guard needsInputGradient else { return (nil, dScale, dOffset) }
                        let dx = Tensor(shape: shape) { (dx: UnsafeMutablePointer<T>) in
                            dOffset.withElements { sums in
                                dScale.withElements { products in
                                    withOptionalElements(scale) { scale in
                                        withWorkspace(
                                            Kernel.inputGradientWorkspaceCount(channels: channels)
                                        ) {
                                            Kernel.inputGradient(
                                                x: x, dy: dy, mean: mean, inverseDeviation: deviation,
                                                scale: scale, sumOfGradients: sums, sumOfProducts: products,
                                                rows: rows, channels: channels, dx: dx, workspace: $0)
                                        }
                                    }
                                }
                            }
                        }
                        return (dx, dScale, dOffset)
                    }
                }
            }
        }
    }
}
