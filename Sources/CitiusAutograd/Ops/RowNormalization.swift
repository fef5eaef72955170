import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Variable {
    /// Brings the elements along the axes to mean 0 and variance 1, each sample's, or step's, by themselves, then scales
    /// and shifts them (Ba, Kiros and Hinton 2016, arXiv:1607.06450):
    ///
    /// ```
    /// y = scale · (x − mean) / √(variance + ε) + offset
    /// ```
    ///
    /// Mean and variance (of the population) take part in the gradient. The last axes are the fast case: each row is
    /// read once each way. Follows `keras.ops.layer_normalization`.
    ///
    /// - Parameters:
    ///   - axes: what is normalized over, by default the last axis.
    ///   - scale: of the axes' sizes, in ascending order of the axes; nil for ones.
    ///   - offset: likewise; nil for zeros.
    /// - Returns: the output, of this variable's shape.
    ///
    /// Traps if an axis is named twice or a shape does not fit.
    public func layerNormalized(
        axes: [Int] = [-1], scale: Variable? = nil, offset: Variable? = nil, epsilon: Double = 1e-3
    ) -> Variable {
        rowsNormalized("layerNormalized", axes, scale, offset, epsilon, centers: true)
    }

    /// Divides the elements along the axes by their root mean square, then scales them (Zhang and Sennrich 2019,
    /// arXiv:1910.07467): y = scale · x / √(mean x² + ε). Follows `keras.ops.rms_normalization`.
    ///
    /// - Parameters:
    ///   - axes: what is normalized over, by default the last axis.
    ///   - scale: of the axes' sizes, in ascending order of the axes; nil for ones.
    ///
    /// Traps if an axis is named twice or a shape does not fit.
    public func rmsNormalized(
        axes: [Int] = [-1], scale: Variable? = nil, epsilon: Double = 1e-6
    ) -> Variable {
        rowsNormalized("rmsNormalized", axes, scale, nil, epsilon, centers: false)
    }

    /// Divides the elements along the axes by their Euclidean norm: y = x · min(1/‖x‖, 1/ε). Follows
    /// `keras.ops.normalize` of order 2.
    ///
    /// Traps if an axis is named twice.
    public func unitNormalized(axes: [Int] = [-1], epsilon: Double = 1e-12) -> Variable {
        let squares = squared().sum(axes: axes, keepingAxes: true)
        // Where the norm is below ε, it has no gradient.
        let isSmall = squares.value .<= epsilon * epsilon
        let safe = Variable.where(isSmall, Variable(Tensor(ones: squares.shape, dtype: dtype)), squares)
        let inverse = Variable.where(
            isSmall, Variable(value.scalar(1 / epsilon)), safe.sqrt().reciprocal())
        return self * inverse
    }

    private func rowsNormalized(
        _ operation: String, _ axes: [Int], _ scale: Variable?, _ offset: Variable?, _ epsilon: Double,
        centers: Bool
    ) -> Variable {
        let resolved = axes.map { shape.resolve($0, operation) }.sorted()
        require(
            !resolved.isEmpty && Set(resolved).count == resolved.count,
            "\(operation): axes \(axes), expected different ones, at least one")
        let sizes = Shape(resolved.map { shape.sizes[$0] })
        for (name, operand) in [("scale", scale), ("offset", offset)] {
            guard let operand else { continue }
            require(
                operand.shape == sizes && operand.dtype == dtype,
                "\(operation): \(name) is \(operand.dtype) \(operand.shape), expected \(dtype) \(sizes)")
        }
        let others = (0..<shape.rank).filter { !resolved.contains($0) }
        guard resolved == Array(others.count..<shape.rank) else {
            let order = others + resolved
            var inverse = Array(repeating: 0, count: order.count)
            for (position, axis) in order.enumerated() { inverse[axis] = position }
            let last = Array(others.count..<shape.rank)
            return permuted(order).rowsNormalized(
                operation, last, scale, offset, epsilon, centers: centers
            ).permuted(inverse)
        }
        let width = sizes.count
        let normalization = RowNormalization(
            rows: width == 0 ? 0 : shape.count / width, width: width, epsilon: epsilon, centers: centers)

        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            let x = value
            var means = Tensor(uninitialized: [normalization.rows], dtype: dtype)
            var inverses = Tensor(uninitialized: [normalization.rows], dtype: dtype)
            let y = Tensor(shape: shape) { (y: UnsafeMutablePointer<T>) in
                x.withElements { x in
                    means.withMutableElements { means in
                        inverses.withMutableElements { inverses in
                            withOptionalElements(scale?.value) { scale in
                                withOptionalElements(offset?.value) { offset in
                                    normalization.apply(
                                        x, scale: scale, offset: offset, means: means, inverses: inverses,
                                        to: y)
                                }
                            }
                        }
                    }
                }
            }
            let isTracked = (
                input: self.isTracked, scale: scale?.isTracked == true, offset: offset?.isTracked == true
            )
            let scaleValue = scale?.value
            return Variable(y, computedFrom: self, scale ?? Variable(y), offset ?? Variable(y)) {
                [means, inverses] dy in
                var (means, inverses) = (means, inverses)
                func room(_ wanted: Bool, _ shape: Shape) -> Tensor? {
                    wanted ? Tensor(uninitialized: shape, dtype: dy.dtype) : nil
                }
                let dx = room(isTracked.input, x.shape)
                let dScale = room(isTracked.scale, sizes)
                let dOffset = room(isTracked.offset, sizes)
                // Nobody else holds them yet.
                func elements(_ tensor: Tensor?) -> UnsafeMutablePointer<T>? {
                    tensor.map {
                        UnsafeMutableRawPointer(mutating: $0.address).assumingMemoryBound(to: T.self)
                    }
                }
                x.withElements { (x: UnsafePointer<T>) in
                    dy.withElements { dy in
                        means.withMutableElements { means in
                            inverses.withMutableElements { inverses in
                                withOptionalElements(scaleValue) { scale in
                                    normalization.gradient(
                                        x, scale: scale, means: means, inverses: inverses, dy: dy,
                                        dx: elements(dx), scaleGradient: elements(dScale),
                                        offsetGradient: elements(dOffset))
                                }
                            }
                        }
                    }
                }
                return [dx, dScale, dOffset]
            }
        }
        return apply(dtype.realType(for: operation))
    }
}
