import CitiusKernels
import CitiusPlatform

// Arithmetic is element by element. Operands broadcast by NumPy's rule: shapes are aligned at their last
// axes, and an axis of size 1 is repeated. Both have one dtype; a plain number takes the tensor's.
extension Tensor {
    public static func + (a: Tensor, b: Tensor) -> Tensor { combine(.add, "+", a, b) }
    public static func - (a: Tensor, b: Tensor) -> Tensor { combine(.subtract, "-", a, b) }
    public static func * (a: Tensor, b: Tensor) -> Tensor { combine(.multiply, "*", a, b) }
    /// Integers divide towards zero; an integer division by zero traps.
    public static func / (a: Tensor, b: Tensor) -> Tensor { combine(.divide, "/", a, b) }

    public static func + (a: Tensor, b: Double) -> Tensor { a + a.constant(b) }
    public static func - (a: Tensor, b: Double) -> Tensor { a - a.constant(b) }
    public static func * (a: Tensor, b: Double) -> Tensor { a * a.constant(b) }
    public static func / (a: Tensor, b: Double) -> Tensor { a / a.constant(b) }

    public static func + (a: Double, b: Tensor) -> Tensor { b.constant(a) + b }
    public static func - (a: Double, b: Tensor) -> Tensor { b.constant(a) - b }
    public static func * (a: Double, b: Tensor) -> Tensor { b.constant(a) * b }
    public static func / (a: Double, b: Tensor) -> Tensor { b.constant(a) / b }

    public static prefix func - (a: Tensor) -> Tensor { a.mapNumbers(.negate, "-") }

    public static func += (a: inout Tensor, b: Tensor) { a.update(.add, "+=", b) }
    public static func -= (a: inout Tensor, b: Tensor) { a.update(.subtract, "-=", b) }
    public static func *= (a: inout Tensor, b: Tensor) { a.update(.multiply, "*=", b) }
    public static func /= (a: inout Tensor, b: Tensor) { a.update(.divide, "/=", b) }

    public static func += (a: inout Tensor, b: Double) { a += a.constant(b) }
    public static func -= (a: inout Tensor, b: Double) { a -= a.constant(b) }
    public static func *= (a: inout Tensor, b: Double) { a *= a.constant(b) }
    public static func /= (a: inout Tensor, b: Double) { a /= a.constant(b) }

    /// The larger of two elements; a NaN wins.
    public func maximum(_ other: Tensor) -> Tensor { Self.combine(.maximum, "maximum", self, other) }
    public func maximum(_ other: Double) -> Tensor { maximum(constant(other)) }

    /// The smaller of two elements; a NaN wins.
    public func minimum(_ other: Tensor) -> Tensor { Self.combine(.minimum, "minimum", self, other) }
    public func minimum(_ other: Double) -> Tensor { minimum(constant(other)) }

    /// Each element brought into the range. NaN stays NaN.
    public func clamped(to range: ClosedRange<Double>) -> Tensor {
        maximum(range.lowerBound).minimum(range.upperBound)
    }

    /// `a` where the condition holds, else `b`; the three broadcast.
    ///
    /// Traps if the condition is not bool, the dtypes of `a` and `b` differ, or the shapes do not fit.
    public static func `where`(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
        require(condition.dtype == .bool, "where: the condition is \(condition.dtype), expected bool")
        require(a.dtype == b.dtype, "where: the choices are \(a.dtype) and \(b.dtype), expected one dtype")
        let (shape, layout) = broadcast("where", [condition, a, b])
        func select<T: Scalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
                condition.withElements { condition in
                    a.withElements { a in
                        b.withElements { b in applySelection(condition, a, b, to: out, layout: layout) }
                    }
                }
            }
        }
        return select(a.dtype.scalarType)
    }

    /// The same values repeated along new axes in front and along axes of size 1.
    ///
    /// Traps if the shape does not broadcast to the new one.
    public func expanded(to newShape: Shape) -> Tensor {
        if newShape == shape { return self }
        require(
            BroadcastLayout.resultSizes([shape.sizes, newShape.sizes]) == newShape.sizes,
            "expanded: shape \(shape) does not broadcast to \(newShape)")
        let layout = BroadcastLayout(operands: [shape.sizes], result: newShape.sizes)
        func expand<T: Scalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: newShape) { (out: UnsafeMutablePointer<T>) in
                withElements { applyExpansion($0, to: out, layout: layout) }
            }
        }
        return expand(dtype.scalarType)
    }

    /// self ← self · momentum + other · (1 − momentum), in place.
    ///
    /// Traps if the tensors are not real, or differ in shape or dtype.
    package mutating func move(towards other: Tensor, momentum: Double) {
        require(other.shape == shape, "move: from shape \(shape) towards \(other.shape)")
        func apply<T: RealScalar>(_ type: T.Type, _ tensor: inout Tensor) {
            other.withElements { (batch: UnsafePointer<T>) in
                tensor.withMutableElements {
                    moveTowards(batch, momentum: momentum, $0, count: other.count)
                }
            }
        }
        apply(dtype.realType(for: "move"), &self)
    }

    // MARK: Shared

    /// A scalar tensor of this tensor's dtype.
    package func constant(_ value: Double) -> Tensor {
        func make<T: NumberScalar>(_ type: T.Type) -> Tensor { Tensor(T(converting: value)) }
        return make(dtype.numberType(for: "arithmetic"))
    }

    /// The result's shape and the way to it; traps if the shapes do not fit together.
    static func broadcast(_ operation: String, _ operands: [Tensor]) -> (Shape, BroadcastLayout) {
        let sizes = operands.map(\.shape.sizes)
        guard let result = BroadcastLayout.resultSizes(sizes) else {
            let shapes = operands.map { "\($0.shape)" }.joined(separator: ", ")
            fail("\(operation): shapes \(shapes) do not broadcast together")
        }
        return (Shape(result), BroadcastLayout(operands: sizes, result: result))
    }

    static func requireOneDType(_ operation: String, _ a: Tensor, _ b: Tensor) {
        require(
            a.dtype == b.dtype, "\(operation): the operands are \(a.dtype) and \(b.dtype); cast one of them")
    }

    private static func combine(
        _ function: BinaryFunction, _ operation: String, _ a: Tensor, _ b: Tensor
    ) -> Tensor {
        requireOneDType(operation, a, b)
        let (shape, layout) = broadcast(operation, [a, b])
        func apply<T: NumberScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
                a.withElements { a in
                    b.withElements { b in applyBinary(function, a, b, to: out, layout: layout) }
                }
            }
        }
        return apply(a.dtype.numberType(for: operation))
    }

    /// In place where this tensor alone holds its elements and the shape stays.
    private mutating func update(_ function: BinaryFunction, _ operation: String, _ other: Tensor) {
        Self.requireOneDType(operation, self, other)
        let (result, layout) = Self.broadcast(operation, [self, other])
        guard result == shape else {
            self = Self.combine(function, operation, self, other)
            return
        }
        func apply<T: NumberScalar>(_ type: T.Type, _ tensor: inout Tensor) {
            other.withElements { (b: UnsafePointer<T>) in
                tensor.withMutableElements { a in applyBinary(function, a, b, to: a, layout: layout) }
            }
        }
        apply(dtype.numberType(for: operation), &self)
    }
}
