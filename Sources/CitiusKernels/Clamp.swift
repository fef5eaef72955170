import CitiusPlatform
import CitiusSIMD

/// Bounds of results, y = min(max(x, lower), upper), which a product applies in its own pass. The identity, relu and relu6
/// are one case, as in XNNPACK, which hands a minimum and a maximum to every kernel.
///
/// An infinite bound is none. NaN stays NaN, so that a training that has gone wrong shows. A gradient passes where
/// y > lower and, if there is an upper bound, y < upper.
package struct Clamp: Sendable, Hashable {
    package let lower: Double
    package let upper: Double

    package init(lower: Double = -.infinity, upper: Double = .infinity) {
        require(lower < upper, "Clamp: lower bound \(lower), expected less than the upper one, \(upper)")
        self.lower = lower
        self.upper = upper
    }

    package static let identity = Clamp()
    package static let relu = Clamp(lower: 0)
    package static let relu6 = Clamp(lower: 0, upper: 6)

    package var isIdentity: Bool { self == .identity }

    var forMicrokernels: citius_clamp { citius_clamp(lower: Float(lower), upper: Float(upper)) }
}

/// A clamp's bounds as elements.
struct ClampBounds<T: KernelReal> {
    let lower: T
    let upper: T

    @inline(__always)
    init(_ clamp: Clamp) {
        lower = T(converting: clamp.lower)
        upper = T(converting: clamp.upper)
    }

    @inline(__always)
    func clamped(_ x: T) -> T {
        let x = x < lower ? lower : x
        return x > upper ? upper : x
    }

    /// Whether a gradient passes where the result is y.
    @inline(__always)
    func passes(_ y: T) -> Bool { y > lower && (y < upper || upper == .infinity) }
}

/// dx ← dy where the clamp, whose results are y, lets it pass, else 0. `dx` may be `dy`.
@specialized(where T == Float)
@specialized(where T == Double)
package func clampGradient<T: KernelReal>(
    _ clamp: Clamp, y: UnsafePointer<T>, dy: UnsafePointer<T>, to dx: UnsafeMutablePointer<T>, count: Int
) {
    let span = Span("clamp's gradient \(count)", elements: 3 * count, elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    let bounds = ClampBounds<T>(clamp)
    ThreadPool.shared.forRanges(of: count, grain: 16_384) { range in
        if T.self == Float.self {
            InstructionSet.chosen.kernels.clamp_gradient(
                floats(y) + range.lowerBound, floats(dy) + range.lowerBound, clamp.forMicrokernels,
                range.count, mutableFloats(dx) + range.lowerBound)
            return
        }
        for index in range { dx[index] = bounds.passes(y[index]) ? dy[index] : 0 }
    }
}

/// out ← a + b, clamped.
@specialized(where T == Float)
@specialized(where T == Double)
package func add<T: KernelReal>(
    _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, clamp: Clamp, to out: UnsafeMutablePointer<T>, count: Int
) {
    let span = Span("clamped sum \(count)", elements: 3 * count, elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    let bounds = ClampBounds<T>(clamp)
    ThreadPool.shared.forRanges(of: count, grain: 16_384) { range in
        for index in range { out[index] = bounds.clamped(a[index] + b[index]) }
    }
}
