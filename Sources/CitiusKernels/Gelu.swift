import CitiusSIMD

/// y ← x·Φ(x), with the normal distribution's cumulative function Φ, or its approximation by tanh.
@specialized(where T == Float)
@specialized(where T == Double)
package func gelu<T: KernelReal>(
    _ x: UnsafePointer<T>, isApproximate: Bool, to y: UnsafeMutablePointer<T>, count: Int
) {
    let span = Span("gelu \(count)", elements: 2 * count, elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    ThreadPool.shared.forRanges(of: count, grain: 4_096) { range in
        if T.self == Float.self {
            InstructionSet.chosen.kernels.gelu(
                floats(x) + range.lowerBound, range.count, isApproximate ? 1 : 0,
                mutableFloats(y) + range.lowerBound)
            return
        }
        for index in range { y[index] = geluParts(x[index], isApproximate).value }
    }
}

/// dx ← dy·(x·Φ(x))′.
@specialized(where T == Float)
@specialized(where T == Double)
package func geluGradient<T: KernelReal>(
    _ x: UnsafePointer<T>, dy: UnsafePointer<T>, isApproximate: Bool, to dx: UnsafeMutablePointer<T>,
    count: Int
) {
    let span = Span("gelu's gradient \(count)", elements: 3 * count, elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    ThreadPool.shared.forRanges(of: count, grain: 4_096) { range in
        if T.self == Float.self {
            InstructionSet.chosen.kernels.gelu_gradient(
                floats(x) + range.lowerBound, floats(dy) + range.lowerBound, range.count,
                isApproximate ? 1 : 0, mutableFloats(dx) + range.lowerBound)
            return
        }
        for index in range { dx[index] = dy[index] * geluParts(x[index], isApproximate).slope }
    }
}

@inline(__always)
private func geluParts<T: KernelReal>(_ x: T, _ isApproximate: Bool) -> (value: T, slope: T) {
    if isApproximate {
        let (rate, cubic) = (T(converting: (2 / Double.pi).squareRoot()), T(converting: 0.044715))
        let tanh = T.tanh((x + x * x * x * cubic) * rate)
        let inner = (x * x * (cubic * 3) + 1) * rate
        return (x * (tanh + 1) / 2, ((tanh + 1) + x * (1 - tanh * tanh) * inner) / 2)
    }
    let cumulative = (T.erf(x * T(converting: 0.5.squareRoot())) + 1) / 2
    let density = T.exp(x * x / -2) / T(converting: (2 * Double.pi).squareRoot())
    return (x * cumulative, cumulative + x * density)
}
