/// x ← x + bias along the last axis, then max(x, 0) if `rectifies`: one pass over a [rows, columns] matrix.
///
/// NaN stays NaN, so that a training that has gone wrong shows.
@specialized(where T == Float)
@specialized(where T == Double)
package func addBias<T: KernelReal>(
    _ bias: UnsafePointer<T>?, rectifies: Bool, to x: UnsafeMutablePointer<T>, rows: Int, columns: Int
) {
    guard let bias else {
        guard rectifies else { return }
        for index in 0..<rows * columns { x[index] = x[index] < 0 ? 0 : x[index] }
        return
    }
    if T.self == Float.self {
        InstructionSet.chosen.kernels.add_bias(
            UnsafeMutableRawPointer(x).assumingMemoryBound(to: Float.self),
            UnsafeRawPointer(bias).assumingMemoryBound(to: Float.self), rows, columns, rectifies ? 1 : 0)
        return
    }
    for row in 0..<rows {
        let line = x + row * columns
        for column in 0..<columns {
            let sum = line[column] + bias[column]
            line[column] = rectifies && sum < 0 ? 0 : sum
        }
    }
}

/// dx ← dy where y > 0, else 0: the gradient of y = max(x, 0).
@specialized(where T == Float)
@specialized(where T == Double)
package func rectifierGradient<T: KernelReal>(
    y: UnsafePointer<T>, dy: UnsafePointer<T>, dx: UnsafeMutablePointer<T>, count: Int
) {
    let span = Span("rectifier's gradient \(count)", elements: 3 * count, elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    ThreadPool.shared.forRanges(of: count, grain: 16_384) { range in
        for index in range {
            // Read whether it is needed or not: a choice between two values becomes a vector, a branch does not.
            let gradient = dy[index]
            dx[index] = y[index] > 0 ? gradient : 0
        }
    }
}
