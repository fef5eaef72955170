/// A function of two numbers, applied element by element.
package enum BinaryFunction: Sendable {
    case add, subtract, multiply, divide, minimum, maximum
}

/// A comparison of two numbers.
package enum ComparisonFunction: Sendable {
    case less, lessOrEqual, greater, greaterOrEqual, equal, notEqual
}

/// A connective of two truth values.
package enum LogicalFunction: Sendable {
    case and, or
}

/// out ← function(a, b), broadcast by `layout`. `out` may be `a` or `b` where that operand is not repeated.
@specialized(where T == Float)
@specialized(where T == Double)
@specialized(where T == Int32)
@specialized(where T == Int64)
@specialized(where T == UInt8)
package func applyBinary<T: KernelNumber>(
    _ function: BinaryFunction, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>,
    to out: UnsafeMutablePointer<T>, layout: BroadcastLayout
) {
    layout.forEachStretch { result, offsets, count in
        let run = BinaryRun(layout, a + offsets[0], b + offsets[1], out + result, count)
        switch function {
        case .add: run.map { T.sum($0, $1) }
        case .subtract: run.map { T.difference($0, $1) }
        case .multiply: run.map { T.product($0, $1) }
        case .divide: run.map { T.quotient($0, $1) }
        case .minimum: run.map { smaller($0, $1) }
        case .maximum: run.map { larger($0, $1) }
        }
    }
}

/// out ← a compared with b, broadcast by `layout`.
@specialized(where T == Float)
@specialized(where T == Double)
@specialized(where T == Int32)
@specialized(where T == Int64)
@specialized(where T == UInt8)
package func applyComparison<T: KernelNumber>(
    _ function: ComparisonFunction, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>,
    to out: UnsafeMutablePointer<Bool>, layout: BroadcastLayout
) {
    layout.forEachStretch { result, offsets, count in
        let run = BinaryRun(layout, a + offsets[0], b + offsets[1], out + result, count)
        switch function {
        case .less: run.map { $0 < $1 }
        case .lessOrEqual: run.map { $0 <= $1 }
        case .greater: run.map { $0 > $1 }
        case .greaterOrEqual: run.map { $0 >= $1 }
        case .equal: run.map { $0 == $1 }
        case .notEqual: run.map { $0 != $1 }
        }
    }
}

/// out ← a and b, or a or b, broadcast by `layout`.
package func applyLogical(
    _ function: LogicalFunction, _ a: UnsafePointer<Bool>, _ b: UnsafePointer<Bool>,
    to out: UnsafeMutablePointer<Bool>, layout: BroadcastLayout
) {
    layout.forEachStretch { result, offsets, count in
        let run = BinaryRun(layout, a + offsets[0], b + offsets[1], out + result, count)
        switch function {
        case .and: run.map { $0 && $1 }
        case .or: run.map { $0 || $1 }
        }
    }
}

/// out ← base to the power of exponent, broadcast by `layout`.
@specialized(where T == Float)
@specialized(where T == Double)
package func applyPower<T: KernelReal>(
    _ base: UnsafePointer<T>, _ exponent: UnsafePointer<T>, to out: UnsafeMutablePointer<T>,
    layout: BroadcastLayout
) {
    layout.forEachStretch { result, offsets, count in
        BinaryRun(layout, base + offsets[0], exponent + offsets[1], out + result, count).map { T.pow($0, $1) }
    }
}

/// out ← a where the condition holds, else b; broadcast by `layout` (of condition, a, b).
@specialized(where T == Float)
@specialized(where T == Double)
@specialized(where T == Int32)
@specialized(where T == Int64)
@specialized(where T == UInt8)
@specialized(where T == Bool)
package func applySelection<T: KernelScalar>(
    _ condition: UnsafePointer<Bool>, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>,
    to out: UnsafeMutablePointer<T>, layout: BroadcastLayout
) {
    let last = layout.sizes.count - 1
    let (sc, sa, sb) = (layout.strides[0][last], layout.strides[1][last], layout.strides[2][last])
    layout.forEachStretch { result, offsets, count in
        let (c, a, b, out) = (condition + offsets[0], a + offsets[1], b + offsets[2], out + result)
        for index in 0..<count { out[index] = c[index * sc] ? a[index * sa] : b[index * sb] }
    }
}

/// out ← x, repeated along the axes where `layout` (of x alone) has it repeated.
@specialized(where T == Float)
@specialized(where T == Double)
@specialized(where T == Int32)
@specialized(where T == Int64)
@specialized(where T == UInt8)
@specialized(where T == Bool)
package func applyExpansion<T: KernelScalar>(
    _ x: UnsafePointer<T>, to out: UnsafeMutablePointer<T>, layout: BroadcastLayout
) {
    let isRepeated = layout.strides[0][layout.sizes.count - 1] == 0
    layout.forEachStretch { result, offsets, count in
        if isRepeated {
            out.advanced(by: result).update(repeating: x[offsets[0]], count: count)
        } else {
            out.advanced(by: result).update(from: x + offsets[0], count: count)
        }
    }
}

/// One run of the innermost axis. Unit strides and repeated operands have loops of their own, which the
/// compiler turns into vectors.
///
/// The function is applied here, inside of what the pool runs: one that is handed through the pool would be
/// called element by element.
private struct BinaryRun<A: KernelScalar, Out: KernelScalar> {
    let a: UnsafePointer<A>
    let b: UnsafePointer<A>
    let out: UnsafeMutablePointer<Out>
    let count: Int
    let aStride: Int
    let bStride: Int

    @inline(__always)
    init(
        _ layout: BroadcastLayout, _ a: UnsafePointer<A>, _ b: UnsafePointer<A>,
        _ out: UnsafeMutablePointer<Out>, _ count: Int
    ) {
        self.a = a
        self.b = b
        self.out = out
        self.count = count
        aStride = layout.strides[0][layout.sizes.count - 1]
        bStride = layout.strides[1][layout.sizes.count - 1]
    }

    @inline(__always)
    func map(_ function: (A, A) -> Out) {
        switch (aStride, bStride) {
        case (1, 1):
            for index in 0..<count { out[index] = function(a[index], b[index]) }
        case (1, 0):
            let b = b[0]
            for index in 0..<count { out[index] = function(a[index], b) }
        case (0, 1):
            let a = a[0]
            for index in 0..<count { out[index] = function(a, b[index]) }
        default:
            for index in 0..<count { out[index] = function(a[index * aStride], b[index * bStride]) }
        }
    }
}
