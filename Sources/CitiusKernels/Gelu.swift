import CitiusSIMD

/// y ← x·Φ(x), with the normal distribution's cumulative function Φ, or its approximation by tanh; and, unless nobody wants
/// them, slopes ← (x·Φ(x))′, which has most of its computing in common.
@specialized(where T == Float)
@specialized(where T == Double)
package func gelu<T: KernelReal>(
    _ x: UnsafePointer<T>, isApproximate: Bool, to y: UnsafeMutablePointer<T>,
    slopes: UnsafeMutablePointer<T>?, count: Int
) {
    let span = Span(
        "gelu \(count)", elements: (slopes == nil ? 2 : 3) * count, elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    ThreadPool.shared.forRanges(of: count, grain: 4_096) { range in
        if T.self == Float.self {
            InstructionSet.chosen.kernels.gelu(
                floats(x) + range.lowerBound, range.count, isApproximate ? 1 : 0,
                mutableFloats(y) + range.lowerBound, slopes.map { mutableFloats($0) + range.lowerBound })
            return
        }
        for index in range {
            let parts = geluParts(x[index], isApproximate)
            y[index] = parts.value
            if let slopes { slopes[index] = parts.slope }
        }
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
