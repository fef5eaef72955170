import CitiusKernels
import CitiusPlatform

// Comparisons are element by element and give bool tensors; operands broadcast as in arithmetic.
extension Tensor {
    public static func .< (a: Tensor, b: Tensor) -> Tensor { compare(.less, ".<", a, b) }
    public static func .<= (a: Tensor, b: Tensor) -> Tensor { compare(.lessOrEqual, ".<=", a, b) }
    public static func .> (a: Tensor, b: Tensor) -> Tensor { compare(.greater, ".>", a, b) }
    public static func .>= (a: Tensor, b: Tensor) -> Tensor { compare(.greaterOrEqual, ".>=", a, b) }
    public static func .== (a: Tensor, b: Tensor) -> Tensor { compare(.equal, ".==", a, b) }
    public static func .!= (a: Tensor, b: Tensor) -> Tensor { compare(.notEqual, ".!=", a, b) }

    public static func .< (a: Tensor, b: Double) -> Tensor { a .< a.constant(b) }
    public static func .<= (a: Tensor, b: Double) -> Tensor { a .<= a.constant(b) }
    public static func .> (a: Tensor, b: Double) -> Tensor { a .> a.constant(b) }
    public static func .>= (a: Tensor, b: Double) -> Tensor { a .>= a.constant(b) }
    public static func .== (a: Tensor, b: Double) -> Tensor { a .== a.constant(b) }
    public static func .!= (a: Tensor, b: Double) -> Tensor { a .!= a.constant(b) }

    /// Both hold. Traps if an operand is not bool.
    public static func .& (a: Tensor, b: Tensor) -> Tensor { connect(.and, ".&", a, b) }
    /// One of them holds, or both. Traps if an operand is not bool.
    public static func .| (a: Tensor, b: Tensor) -> Tensor { connect(.or, ".|", a, b) }
    /// The opposite. Traps if the tensor is not bool.
    public static prefix func .! (a: Tensor) -> Tensor {
        require(a.dtype == .bool, ".!: the operand is \(a.dtype), expected bool")
        return Tensor(shape: a.shape) { (out: UnsafeMutablePointer<Bool>) in
            a.withElements { negateLogically($0, to: out, count: a.count) }
        }
    }

    /// Where the elements are NaN.
    public func isNaN() -> Tensor {
        func test<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: shape) { (out: UnsafeMutablePointer<Bool>) in
                withElements { (x: UnsafePointer<T>) in testNaN(x, to: out, count: count) }
            }
        }
        return test(dtype.realType(for: "isNaN"))
    }

    /// Where the elements are neither NaN nor infinite.
    public func isFinite() -> Tensor {
        func test<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: shape) { (out: UnsafeMutablePointer<Bool>) in
                withElements { (x: UnsafePointer<T>) in testFinite(x, to: out, count: count) }
            }
        }
        return test(dtype.realType(for: "isFinite"))
    }

    private static func compare(
        _ function: ComparisonFunction, _ operation: String, _ a: Tensor, _ b: Tensor
    ) -> Tensor {
        requireOneDType(operation, a, b)
        let (shape, layout) = broadcast(operation, [a, b])
        func apply<T: NumberScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: shape) { (out: UnsafeMutablePointer<Bool>) in
                a.withElements { (a: UnsafePointer<T>) in
                    b.withElements { b in applyComparison(function, a, b, to: out, layout: layout) }
                }
            }
        }
        return apply(a.dtype.numberType(for: operation))
    }

    private static func connect(
        _ function: LogicalFunction, _ operation: String, _ a: Tensor, _ b: Tensor
    ) -> Tensor {
        require(
            a.dtype == .bool && b.dtype == .bool,
            "\(operation): the operands are \(a.dtype) and \(b.dtype), expected bool")
        let (shape, layout) = broadcast(operation, [a, b])
        return Tensor(shape: shape) { (out: UnsafeMutablePointer<Bool>) in
            a.withElements { a in
                b.withElements { b in applyLogical(function, a, b, to: out, layout: layout) }
            }
        }
    }
}

extension Tensor: Equatable {
    /// Whether shape, dtype and every element agree. A NaN equals nothing.
    public static func == (a: Tensor, b: Tensor) -> Bool {
        guard a.shape == b.shape, a.dtype == b.dtype else { return false }
        let count = a.count
        func agree<T: Scalar>(_ type: T.Type) -> Bool {
            a.withElements { (a: UnsafePointer<T>) in
                b.withElements { b in
                    UnsafeBufferPointer(start: a, count: count).elementsEqual(
                        UnsafeBufferPointer(start: b, count: count))
                }
            }
        }
        return agree(a.dtype.scalarType)
    }
}
