import CitiusTensor

// Each pullback keeps only what it reads: the shapes for a sum, the other operand for a product, and that
// only if the gradient it is for is wanted.

extension Variable {
    /// A function of one operand: shorthand for ops whose pullback has one gradient to give.
    func computing(_ value: Tensor, pullback: @escaping (Tensor) -> Tensor) -> Variable {
        Variable(value, computedFrom: self) { [pullback($0)] }
    }

    // MARK: Two variables

    /// The sum a + b, broadcasting.
    ///
    /// Pullback: w ↦ (w, w), each summed over the axes along which its operand was broadcast.
    public static func + (a: Variable, b: Variable) -> Variable {
        let aShape = a.isTracked ? a.shape : nil
        let bShape = b.isTracked ? b.shape : nil
        return Variable(a.value + b.value, computedFrom: a, b) { w in
            [aShape.map { w.summed(to: $0) }, bShape.map { w.summed(to: $0) }]
        }
    }

    /// The difference a − b, broadcasting. Pullback: w ↦ (w, −w).
    public static func - (a: Variable, b: Variable) -> Variable {
        let aShape = a.isTracked ? a.shape : nil
        let bShape = b.isTracked ? b.shape : nil
        return Variable(a.value - b.value, computedFrom: a, b) { w in
            [aShape.map { w.summed(to: $0) }, bShape.map { -w.summed(to: $0) }]
        }
    }

    /// The product a · b of elements, broadcasting. Pullback: w ↦ (w·b, w·a).
    public static func * (a: Variable, b: Variable) -> Variable {
        let (aShape, bShape) = (a.shape, b.shape)
        let aFactor = a.isTracked ? b.value : nil
        let bFactor = b.isTracked ? a.value : nil
        return Variable(a.value * b.value, computedFrom: a, b) { w in
            [aFactor.map { (w * $0).summed(to: aShape) }, bFactor.map { (w * $0).summed(to: bShape) }]
        }
    }

    /// The quotient a / b of elements, broadcasting. Pullback: w ↦ (w/b, −w·(a/b)/b).
    public static func / (a: Variable, b: Variable) -> Variable {
        let quotient = a.value / b.value
        let (aShape, bShape, divisor) = (a.shape, b.shape, b.value)
        let aIsTracked = a.isTracked
        let kept = b.isTracked ? quotient : nil
        return Variable(quotient, computedFrom: a, b) { w in
            let scaled = w / divisor
            return [
                aIsTracked ? scaled.summed(to: aShape) : nil,
                kept.map { -(scaled * $0).summed(to: bShape) },
            ]
        }
    }

    /// The negative −x. Pullback: w ↦ −w.
    public static prefix func - (x: Variable) -> Variable { x.computing(-x.value) { -$0 } }

    // MARK: A variable and a constant tensor

    public static func + (a: Variable, b: Tensor) -> Variable { a + Variable(b) }
    public static func - (a: Variable, b: Tensor) -> Variable { a - Variable(b) }
    public static func * (a: Variable, b: Tensor) -> Variable { a * Variable(b) }
    public static func / (a: Variable, b: Tensor) -> Variable { a / Variable(b) }
    public static func + (a: Tensor, b: Variable) -> Variable { Variable(a) + b }
    public static func - (a: Tensor, b: Variable) -> Variable { Variable(a) - b }
    public static func * (a: Tensor, b: Variable) -> Variable { Variable(a) * b }
    public static func / (a: Tensor, b: Variable) -> Variable { Variable(a) / b }

    // MARK: A variable and a number

    public static func + (a: Variable, b: Double) -> Variable { a.computing(a.value + b) { $0 } }
    public static func - (a: Variable, b: Double) -> Variable { a.computing(a.value - b) { $0 } }
    public static func * (a: Variable, b: Double) -> Variable { a.computing(a.value * b) { $0 * b } }
    public static func / (a: Variable, b: Double) -> Variable { a.computing(a.value / b) { $0 / b } }
    public static func + (a: Double, b: Variable) -> Variable { b + a }
    public static func - (a: Double, b: Variable) -> Variable { b.computing(a - b.value) { -$0 } }
    public static func * (a: Double, b: Variable) -> Variable { b * a }
    /// The quotient a / b of a number by each element. Pullback: w ↦ −w·(a/b)/b.
    public static func / (a: Double, b: Variable) -> Variable {
        let (quotient, divisor) = (a / b.value, b.value)
        return b.computing(quotient) { -($0 * quotient / divisor) }
    }

    // MARK: In place

    // The left side becomes a new variable; what was computed from the old one keeps its history.

    public static func += (a: inout Variable, b: Variable) { a = a + b }
    public static func -= (a: inout Variable, b: Variable) { a = a - b }
    public static func *= (a: inout Variable, b: Variable) { a = a * b }
    public static func /= (a: inout Variable, b: Variable) { a = a / b }
    public static func += (a: inout Variable, b: Tensor) { a = a + b }
    public static func -= (a: inout Variable, b: Tensor) { a = a - b }
    public static func *= (a: inout Variable, b: Tensor) { a = a * b }
    public static func /= (a: inout Variable, b: Tensor) { a = a / b }
    public static func += (a: inout Variable, b: Double) { a = a + b }
    public static func -= (a: inout Variable, b: Double) { a = a - b }
    public static func *= (a: inout Variable, b: Double) { a = a * b }
    public static func /= (a: inout Variable, b: Double) { a = a / b }

    // MARK: Conversion

    /// The elements as another type. Gradients flow between real types, converted back; none flow through
    /// integers or bool.
    public func cast(to dtype: DType) -> Variable {
        let source = self.dtype
        if dtype == source { return self }
        guard dtype.isFloatingPoint, source.isFloatingPoint else { return Variable(value.cast(to: dtype)) }
        return computing(value.cast(to: dtype)) { $0.cast(to: source) }
    }
}
