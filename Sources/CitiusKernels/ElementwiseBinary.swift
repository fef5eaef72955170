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
    switch function {
    case .add: mapBinary(a, b, out, layout) { T.sum($0, $1) }
    case .subtract: mapBinary(a, b, out, layout) { T.difference($0, $1) }
    case .multiply: mapBinary(a, b, out, layout) { T.product($0, $1) }
    case .divide: mapBinary(a, b, out, layout) { T.quotient($0, $1) }
    case .minimum: mapBinary(a, b, out, layout) { !($0 <= $1) && $0 == $0 ? $1 : $0 }
    case .maximum: mapBinary(a, b, out, layout) { !($0 >= $1) && $0 == $0 ? $1 : $0 }
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
    switch function {
    case .less: mapBinary(a, b, out, layout) { $0 < $1 }
    case .lessOrEqual: mapBinary(a, b, out, layout) { $0 <= $1 }
    case .greater: mapBinary(a, b, out, layout) { $0 > $1 }
    case .greaterOrEqual: mapBinary(a, b, out, layout) { $0 >= $1 }
    case .equal: mapBinary(a, b, out, layout) { $0 == $1 }
    case .notEqual: mapBinary(a, b, out, layout) { $0 != $1 }
    }
}

/// out ← a and b, or a or b, broadcast by `layout`.
package func applyLogical(
    _ function: LogicalFunction, _ a: UnsafePointer<Bool>, _ b: UnsafePointer<Bool>,
    to out: UnsafeMutablePointer<Bool>, layout: BroadcastLayout
) {
    switch function {
    case .and: mapBinary(a, b, out, layout) { $0 && $1 }
    case .or: mapBinary(a, b, out, layout) { $0 || $1 }
    }
}

/// out ← base to the power of exponent, broadcast by `layout`.
@specialized(where T == Float)
@specialized(where T == Double)
package func applyPower<T: KernelReal>(
    _ base: UnsafePointer<T>, _ exponent: UnsafePointer<T>, to out: UnsafeMutablePointer<T>,
    layout: BroadcastLayout
) {
    mapBinary(base, exponent, out, layout) { T.pow($0, $1) }
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

/// The loops behind all of these. Unit strides and repeated operands have loops of their own, which the
/// compiler turns into vectors.
@inline(__always)
private func mapBinary<A: KernelScalar, Out: KernelScalar>(
    _ a: UnsafePointer<A>, _ b: UnsafePointer<A>, _ out: UnsafeMutablePointer<Out>,
    _ layout: BroadcastLayout, _ function: (A, A) -> Out
) {
    let last = layout.sizes.count - 1
    let aStride = layout.strides[0][last]
    let bStride = layout.strides[1][last]
    layout.forEachStretch { result, offsets, count in
        let (a, b, out) = (a + offsets[0], b + offsets[1], out + result)
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
