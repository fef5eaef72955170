import CitiusKernels
import CitiusPlatform
import CitiusTensor

// The activations of the field, by Keras's names and defaults. Each has a pullback of its own: one made of
// the pullbacks of exp, log and so on would be slower, and NaN where an intermediate value overflows.

extension Variable {
    /// max(x, 0). Pullback: w where x > 0, else 0.
    public func relu() -> Variable {
        clamped(value.relu(), .relu, "relu")
    }

    /// An epilogue's clamp by itself, for operands that an operation does not take in its own pass.
    package func clamped(by clamp: Clamp) -> Variable {
        switch clamp {
        case .identity: self
        case .relu: relu()
        default: clamped(value.clamped(to: clamp.lower...clamp.upper), clamp, "clamped")
        }
    }

    /// a + b with an epilogue: how a residual block ends.
    ///
    /// Traps if the shapes or the dtypes differ.
    package func added(to other: Variable, epilogue: Epilogue) -> Variable {
        let clamp = epilogue.clamp
        require(
            shape == other.shape && dtype == other.dtype,
            "added: \(dtype) \(shape) and \(other.dtype) \(other.shape), expected the same")
        let (a, b) = (value, other.value)
        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            let result = Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
                a.withElements { a in
                    b.withElements { add(a, $0, clamp: clamp, to: out, count: shape.count) }
                }
            }
            return Variable(result, computedFrom: self, other) {
                let gradient = $0.passed(by: clamp, T.self, y: result)
                return [gradient, gradient]
            }
        }
        return apply(dtype.realType(for: "added")).pooled(by: epilogue)
    }

    /// min(max(x, 0), 6). Pullback: w where 0 < x < 6, else 0.
    ///
    /// Source: Krizhevsky, "Convolutional Deep Belief Networks on CIFAR-10", 2010.
    public func relu6() -> Variable {
        clamped(value.clamped(to: 0...6), .relu6, "relu6")
    }

    /// 1/(1 + e⁻ˣ). Pullback: w ↦ w·y·(1 − y) with the result y.
    ///
    /// A binary cross-entropy of the result works on x itself, so that nothing is lost where y rounds to 0
    /// or 1.
    public func sigmoid() -> Variable {
        let result = value.sigmoid()
        var variable = activated(result, .sigmoid)
        variable.origin = .sigmoid(of: withoutOrigin)
        return variable
    }

    /// (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ). Pullback: w ↦ w·(1 − y²) with the result y.
    public func tanh() -> Variable {
        let result = value.tanh()
        return activated(result, .tanh)
    }

    /// x where x > 0, α·(eˣ − 1) elsewhere. Pullback: w where x > 0, w·(y + α) elsewhere, with the result y.
    ///
    /// Source: Clevert, Unterthiner, Hochreiter, arXiv:1511.07289.
    public func elu(alpha: Double = 1) -> Variable { scaledELU(alpha: alpha, scale: 1) }

    /// x where x > 0, α·(e^(x/α) − 1) elsewhere: smooth at 0 for every α, where it must not be 0. Pullback: w where
    /// x > 0, w·(y/α + 1) elsewhere, with the result y.
    ///
    /// Source: Barron, arXiv:1704.07483.
    public func celu(alpha: Double = 1) -> Variable { scaledELU(alpha: alpha, scale: 1, rate: 1 / alpha) }

    /// elu(x, α = 1.6732…) · 1.0507…: activations keep mean 0 and variance 1 from layer to layer.
    ///
    /// Source: Klambauer, Unterthiner, Mayr, Hochreiter, arXiv:1706.02515, equation 14.
    public func selu() -> Variable {
        scaledELU(alpha: 1.673_263_242_354_377_2, scale: 1.050_700_987_355_480_5)
    }

    /// scale·x where x > 0, scale·α·(e^(rate·x) − 1) elsewhere.
    private func scaledELU(alpha: Double, scale: Double, rate: Double = 1) -> Variable {
        // eˣ − 1 = 2t/(1 − t) with t = tanh(x/2): no cancellation near zero, no overflow for x ≤ 0.
        let half = (value.minimum(0) * (0.5 * rate)).tanh()
        let isPositive = value .> 0
        let result = Tensor.where(isPositive, value * scale, half / (1 - half) * (2 * alpha * scale))
        return computing(result) { w in
            w * Tensor.where(isPositive, w.scalar(scale), (result + alpha * scale) * rate)
        }
    }

    /// x·Φ(x), with the normal distribution's cumulative function Φ; or its approximation by tanh,
    /// x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
    ///
    /// Pullback: w ↦ w·(Φ(x) + x·φ(x)), φ = Φ′.
    ///
    /// Source: Hendrycks and Gimpel, arXiv:1606.08415.
    public func gelu(isApproximate: Bool = false) -> Variable {
        let x = value
        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            var slopes = isTracked ? Tensor(uninitialized: shape, dtype: T.dtype) : nil
            let slopeElements = slopes?.mutableAddress().assumingMemoryBound(to: T.self)
            let result = Tensor(shape: shape) { (y: UnsafeMutablePointer<T>) in
                x.withElements {
                    CitiusKernels.gelu(
                        $0, isApproximate: isApproximate, to: y, slopes: slopeElements, count: shape.count)
                }
            }
            return computing(result) { [slopes] dy in slopes.map { dy * $0 } ?? dy }
        }
        return apply(dtype.realType(for: "gelu"))
    }

    /// x·σ(x), also known as swish. Pullback: w ↦ w·σ·(1 + x·(1 − σ)).
    ///
    /// Source: Ramachandran, Zoph, Le, arXiv:1710.05941.
    public func silu() -> Variable {
        let x = value
        let sigmoid = x.sigmoid()
        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            computing(x * sigmoid) { dy in
                Tensor(shape: dy.shape) { (dx: UnsafeMutablePointer<T>) in
                    x.withElements { x in
                        sigmoid.withElements { sigmoid in
                            dy.withElements {
                                siluGradient(x: x, sigmoid: sigmoid, dy: $0, to: dx, count: dy.count)
                            }
                        }
                    }
                }
            }
        }
        return apply(dtype.realType(for: "silu"))
    }

    /// x where x > 0, slope·x elsewhere. Pullback: w or slope·w.
    ///
    /// Source: Maas, Hannun, Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", 2013.
    public func leakyReLU(negativeSlope: Double = 0.2) -> Variable {
        let isPositive = value .> 0
        return computing(Tensor.where(isPositive, value, value * negativeSlope)) {
            Tensor.where(isPositive, $0, $0 * negativeSlope)
        }
    }

    /// ln(1 + eˣ), computed as max(x, 0) + ln(1 + e⁻|ˣ|). Pullback: w ↦ w·σ(x).
    public func softplus() -> Variable {
        let x = value
        return computing(x.stableSoftplus()) { $0 * x.sigmoid() }
    }

    /// x/(1 + |x|). Pullback: w ↦ w/(1 + |x|)².
    public func softsign() -> Variable {
        let divisor = value.abs() + 1
        return computing(value / divisor) { $0 / divisor.squared() }
    }

    /// x·tanh(softplus(x)). Pullback: w ↦ w·(t + x·(1 − t²)·σ(x)) with t = tanh(softplus(x)).
    ///
    /// Source: Misra, arXiv:1908.08681.
    public func mish() -> Variable {
        let x = value
        let tanh = x.stableSoftplus().tanh()
        return computing(x * tanh) { $0 * (tanh + x * (1 - tanh.squared()) * x.sigmoid()) }
    }

    /// relu6(x + 3)/6. Pullback: w/6 where −3 < x < 3, else 0.
    public func hardSigmoid() -> Variable {
        let x = value
        return computing((x + 3).clamped(to: 0...6) / 6) { w in
            (w / 6).kept(where: (x .> -3) .& (x .< 3))
        }
    }

    /// x·hardSigmoid(x), also known as hard swish. Pullback: w·(2x + 3)/6 where −3 < x < 3, w beyond 3, else
    /// 0.
    ///
    /// Source: Howard and others, arXiv:1905.02244.
    public func hardSiLU() -> Variable {
        let x = value
        return computing(x * (x + 3).clamped(to: 0...6) / 6) { w in
            Tensor.where(x .< 3, w * (x * 2 + 3) / 6, w).kept(where: x .> -3)
        }
    }

    /// ln σ(x) = −ln(1 + e⁻ˣ), exact for any x. Pullback: w ↦ w·σ(−x).
    public func logSigmoid() -> Variable {
        let x = value
        return computing(-(-x).stableSoftplus()) { $0 * (-x).sigmoid() }
    }

    /// (x + √(x² + b))/2: a softplus without exponentials. Pullback: w ↦ w·(1 + x/√(x² + b))/2.
    ///
    /// Source: Barron, arXiv:2112.11687.
    public func squareplus(b: Double = 4) -> Variable {
        let x = value
        let root = (x.squared() + b).sqrt()
        return computing((x + root) * 0.5) { $0 * (x / root + 1) * 0.5 }
    }

    /// x − tanh x. Pullback: w ↦ w·tanh² x.
    public func tanhShrink() -> Variable {
        let tanh = value.tanh()
        return computing(value - tanh) { $0 * tanh.squared() }
    }

    /// a·σ(b), where a and b are the halves along an axis: b is a gate for a. The axis is half as long afterwards.
    ///
    /// Traps if the axis does not divide by two.
    ///
    /// Source: Dauphin, Fan, Auli, Grangier, arXiv:1612.08083.
    public func glu(axis: Int = -1) -> Variable {
        let halves = split(parts: 2, axis: axis)
        return halves[0] * halves[1].sigmoid()
    }

    /// eˣ: the activation of that name.
    public func exponential() -> Variable { exp() }

    /// The result of an activation that is a clamp.
    func clamped(_ result: Tensor, _ clamp: Clamp, _ operation: String) -> Variable {
        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            computing(result) { $0.passed(by: clamp, T.self, y: result) }
        }
        return apply(dtype.realType(for: operation))
    }

    /// The result of an activation whose gradient needs that result alone.
    private func activated(_ result: Tensor, _ gradient: ActivationGradient) -> Variable {
        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            computing(result) { dy in
                Tensor(shape: dy.shape) { (dx: UnsafeMutablePointer<T>) in
                    result.withElements { y in
                        dy.withElements { applyGradient(gradient, y: y, dy: $0, to: dx, count: dy.count) }
                    }
                }
            }
        }
        return apply(dtype.realType(for: "an activation"))
    }

    /// This variable without the note of what it was computed from. Origins never nest: a chain of a hundred
    /// thousand sigmoids would otherwise be taken down recursively, and keep every link alive.
    var withoutOrigin: Variable {
        var variable = self
        variable.origin = nil
        return variable
    }
}

extension Tensor {
    fileprivate func stableSoftplus() -> Tensor { maximum(0) + (-abs()).exp().log1p() }
}
