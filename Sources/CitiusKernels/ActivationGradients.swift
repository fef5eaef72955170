/// The gradient of an activation: what it makes of dy and of what the activation kept.
package enum ActivationGradient: Sendable {
    /// dy·y·(1 − y), with the result y.
    case sigmoid
    /// dy·(1 − y²), with the result y.
    case tanh
}

/// dx ← the gradient, in one pass. `dx` may be `dy`.
@specialized(where T == Float)
@specialized(where T == Double)
package func applyGradient<T: KernelReal>(
    _ function: ActivationGradient, y: UnsafePointer<T>, dy: UnsafePointer<T>, to dx: UnsafeMutablePointer<T>,
    count: Int
) {
    let span = Span("activation's gradient \(count)", elements: 3 * count, elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    ThreadPool.shared.forRanges(of: count, grain: 16_384) { range in
        switch function {
        case .sigmoid:
            for index in range { dx[index] = dy[index] * y[index] * (1 - y[index]) }
        case .tanh:
            for index in range { dx[index] = dy[index] * (1 - y[index] * y[index]) }
        }
    }
}

/// dx ← dy·s·(1 + x·(1 − s)) with s = σ(x): the gradient of x·s, known as SiLU and swish.
@specialized(where T == Float)
@specialized(where T == Double)
package func siluGradient<T: KernelReal>(
    x: UnsafePointer<T>, sigmoid: UnsafePointer<T>, dy: UnsafePointer<T>, to dx: UnsafeMutablePointer<T>,
    count: Int
) {
    let span = Span("activation's gradient \(count)", elements: 4 * count, elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    ThreadPool.shared.forRanges(of: count, grain: 16_384) { range in
        for index in range {
            let s = sigmoid[index]
            dx[index] = dy[index] * s * (x[index] * (1 - s) + 1)
        }
    }
}
