import CitiusKernels

// Functions of real numbers, element by element. They trap for integers and bool: cast first.
extension Tensor {
    public func exp() -> Tensor { mapReals(.exp, "exp") }
    public func log() -> Tensor { mapReals(.log, "log") }
    /// log(1 + x), exact near 0.
    public func log1p() -> Tensor { mapReals(.log1p, "log1p") }
    public func sqrt() -> Tensor { mapReals(.sqrt, "sqrt") }
    public func tanh() -> Tensor { mapReals(.tanh, "tanh") }
    /// 1 / (1 + exp(−x)), without overflow.
    public func sigmoid() -> Tensor { mapReals(.sigmoid, "sigmoid") }
    /// The error function, 2/√π · ∫₀ˣ exp(−t²) dt.
    public func erf() -> Tensor { mapReals(.erf, "erf") }
    public func sin() -> Tensor { mapReals(.sin, "sin") }
    public func cos() -> Tensor { mapReals(.cos, "cos") }
    public func floor() -> Tensor { mapReals(.floor, "floor") }
    public func ceil() -> Tensor { mapReals(.ceil, "ceil") }
    /// The nearest whole number, the even one of two.
    public func rounded() -> Tensor { mapReals(.round, "rounded") }
    /// 1 / x.
    public func reciprocal() -> Tensor { mapReals(.reciprocal, "reciprocal") }

    // Functions of any numbers.
    public func abs() -> Tensor { mapNumbers(.absolute, "abs") }
    /// −1, 0 or 1; NaN for NaN.
    public func sign() -> Tensor { mapNumbers(.sign, "sign") }
    public func squared() -> Tensor { mapNumbers(.square, "squared") }
    /// max(x, 0). NaN stays NaN.
    public func relu() -> Tensor { mapNumbers(.relu, "relu") }

    /// Each element to the power of one exponent.
    public func pow(_ exponent: Double) -> Tensor {
        func apply<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
                withElements { applyPower($0, exponent: T(exponent), to: out, count: count) }
            }
        }
        return apply(dtype.realType(for: "pow"))
    }

    /// Each element to the power of its exponent; the two broadcast.
    public func pow(_ exponent: Tensor) -> Tensor {
        Self.requireOneDType("pow", self, exponent)
        let (shape, layout) = Self.broadcast("pow", [self, exponent])
        func apply<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
                withElements { base in
                    exponent.withElements { applyPower(base, $0, to: out, layout: layout) }
                }
            }
        }
        return apply(dtype.realType(for: "pow"))
    }

    /// The elements converted to another type: real numbers to integers by truncation towards zero, saturated
    /// (NaN becomes 0); integers to integers by their low bits; bool as 0 and 1; anything but 0 to true.
    public func cast(to newType: DType) -> Tensor {
        if newType == dtype { return self }
        if newType == .bool { return self .!= constant(0) }
        if dtype == .bool {
            return Tensor(storage: storage, offset: offset, shape: shape, dtype: .uint8).cast(to: newType)
        }
        func from<From: NumberScalar>(_ source: From.Type) -> Tensor {
            func to<To: NumberScalar>(_ target: To.Type) -> Tensor {
                Tensor(shape: shape) { (out: UnsafeMutablePointer<To>) in
                    withElements { (x: UnsafePointer<From>) in
                        convert(x, to: out, count: count, isFromInteger: !dtype.isFloatingPoint)
                    }
                }
            }
            return to(newType.numberType(for: "cast"))
        }
        return from(dtype.numberType(for: "cast"))
    }

    private func mapReals(_ function: UnaryFunction, _ operation: String) -> Tensor {
        func apply<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
                withElements { applyUnary(function, $0, to: out, count: count) }
            }
        }
        return apply(dtype.realType(for: operation))
    }

    func mapNumbers(_ function: NumberFunction, _ operation: String) -> Tensor {
        func apply<T: NumberScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
                withElements { applyNumber(function, $0, to: out, count: count) }
            }
        }
        return apply(dtype.numberType(for: operation))
    }
}
