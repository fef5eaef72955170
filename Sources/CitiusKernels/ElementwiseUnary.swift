import CitiusSIMD

/// A function of one real number, applied element by element.
package enum UnaryFunction: Sendable {
    case exp, log, log1p, sqrt, tanh, sigmoid, erf, sin, cos, floor, ceil, round, reciprocal
}

extension UnaryFunction {
    /// The microkernel for floats, where there is one.
    fileprivate var microkernel:
        (@convention(c) (UnsafePointer<Float>?, UnsafeMutablePointer<Float>?, Int) -> Void)?
    {
        let kernels = InstructionSet.chosen.kernels
        return switch self {
        case .exp: kernels.exponential
        case .log: kernels.logarithm
        case .tanh: kernels.hyperbolic_tangent
        case .sigmoid: kernels.logistic_function
        case .erf: kernels.error_function
        case .log1p, .sqrt, .sin, .cos, .floor, .ceil, .round, .reciprocal: nil
        }
    }
}

/// A function of one number of any type, applied element by element.
package enum NumberFunction: Sendable {
    case negate, absolute, sign, square, relu
}

/// out ← function(x). `out` may be `x`.
@specialized(where T == Float)
@specialized(where T == Double)
package func applyUnary<T: KernelReal>(
    _ function: UnaryFunction, _ x: UnsafePointer<T>, to out: UnsafeMutablePointer<T>, count: Int
) {
    if T.self == Float.self, let kernel = function.microkernel {
        let span = Span("\(function) \(count)", elements: 2 * count)
        defer { span.end() }
        // Some ten to thirty cycles for a vector: worth a second thread sooner than a copy is.
        ThreadPool.shared.forRanges(of: count, grain: 4_096) { range in
            kernel(floats(x) + range.lowerBound, mutableFloats(out) + range.lowerBound, range.count)
        }
        return
    }
    forElements(count) { range in
        switch function {
        case .exp: mapUnary(x, out, range) { T.exp($0) }
        case .log: mapUnary(x, out, range) { T.log($0) }
        case .log1p: mapUnary(x, out, range) { T.log1p($0) }
        case .sqrt: mapUnary(x, out, range) { $0.squareRoot() }
        case .tanh: mapUnary(x, out, range) { T.tanh($0) }
        case .sigmoid:
            // exp of a negative number only: it cannot overflow.
            mapUnary(x, out, range) { x in
                let e = T.exp(x < 0 ? x : -x)
                return x < 0 ? e / (1 + e) : 1 / (1 + e)
            }
        case .erf: mapUnary(x, out, range) { T.erf($0) }
        case .sin: mapUnary(x, out, range) { T.sin($0) }
        case .cos: mapUnary(x, out, range) { T.cos($0) }
        case .floor: mapUnary(x, out, range) { $0.rounded(.down) }
        case .ceil: mapUnary(x, out, range) { $0.rounded(.up) }
        case .round: mapUnary(x, out, range) { $0.rounded(.toNearestOrEven) }
        case .reciprocal: mapUnary(x, out, range) { 1 / $0 }
        }
    }
}

/// out ← function(x). `out` may be `x`.
@specialized(where T == Float)
@specialized(where T == Double)
@specialized(where T == Int32)
@specialized(where T == Int64)
@specialized(where T == UInt8)
package func applyNumber<T: KernelNumber>(
    _ function: NumberFunction, _ x: UnsafePointer<T>, to out: UnsafeMutablePointer<T>, count: Int
) {
    forElements(count) { range in
        let zero = T.zero
        switch function {
        case .negate: mapUnary(x, out, range) { T.difference(zero, $0) }
        case .absolute: mapUnary(x, out, range) { $0 < zero ? T.difference(zero, $0) : $0 }
        case .sign:
            let one = T.one
            let minusOne = T.difference(zero, one)
            mapUnary(x, out, range) { $0 > zero ? one : ($0 < zero ? minusOne : $0) }
        case .square: mapUnary(x, out, range) { T.product($0, $0) }
        case .relu: mapUnary(x, out, range) { $0 < zero ? zero : $0 }
        }
    }
}

/// out ← x to the power of a constant.
@specialized(where T == Float)
@specialized(where T == Double)
package func applyPower<T: KernelReal>(
    _ x: UnsafePointer<T>, exponent: T, to out: UnsafeMutablePointer<T>, count: Int
) {
    forElements(count) { range in mapUnary(x, out, range) { T.pow($0, exponent) } }
}

/// out ← whether x is NaN.
@specialized(where T == Float)
@specialized(where T == Double)
package func testNaN<T: KernelReal>(
    _ x: UnsafePointer<T>, to out: UnsafeMutablePointer<Bool>, count: Int
) {
    forElements(count) { range in mapUnary(x, out, range) { $0 != $0 } }
}

/// out ← whether x is neither NaN nor infinite.
@specialized(where T == Float)
@specialized(where T == Double)
package func testFinite<T: KernelReal>(
    _ x: UnsafePointer<T>, to out: UnsafeMutablePointer<Bool>, count: Int
) {
    forElements(count) { range in mapUnary(x, out, range) { $0.isFinite } }
}

/// out ← not x.
package func negateLogically(_ x: UnsafePointer<Bool>, to out: UnsafeMutablePointer<Bool>, count: Int) {
    forElements(count) { range in mapUnary(x, out, range) { !$0 } }
}

/// out ← x converted: reals to integers by truncation, saturated; integers to integers by their low bits.
@specialized(where From == UInt8, To == Float)
@specialized(where From == Float, To == Double)
@specialized(where From == Double, To == Float)
@specialized(where From == Int32, To == Float)
@specialized(where From == Int64, To == Float)
package func convert<From: KernelNumber, To: KernelNumber>(
    _ x: UnsafePointer<From>, to out: UnsafeMutablePointer<To>, count: Int, isFromInteger: Bool
) {
    forElements(count) { range in
        if isFromInteger {
            mapUnary(x, out, range) { To(converting: $0.asInt64) }
        } else {
            mapUnary(x, out, range) { To(converting: $0.asDouble) }
        }
    }
}

/// Splits so many elements over the pool. What is done with each is decided inside of `body`: a function
/// that is handed through the pool would be called element by element.
@inline(__always)
private func forElements(_ count: Int, _ body: (Range<Int>) -> Void) {
    let span = Span("element by element \(count)", elements: 2 * count)
    defer { span.end() }
    ThreadPool.shared.forRanges(of: count, grain: 16_384, body)
}

@inline(__always)
private func mapUnary<A: KernelScalar, Out: KernelScalar>(
    _ x: UnsafePointer<A>, _ out: UnsafeMutablePointer<Out>, _ range: Range<Int>, _ function: (A) -> Out
) {
    for index in range { out[index] = function(x[index]) }
}
