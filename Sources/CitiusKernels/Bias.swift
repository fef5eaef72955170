/// x ← x + bias along the last axis, clamped: one pass over a [rows, columns] matrix.
@specialized(where T == Float)
@specialized(where T == Double)
package func addBias<T: KernelReal>(
    _ bias: UnsafePointer<T>?, clamp: Clamp, to x: UnsafeMutablePointer<T>, rows: Int, columns: Int
) {
    let bounds = ClampBounds<T>(clamp)
    guard let bias else {
        guard !clamp.isIdentity else { return }
        for index in 0..<rows * columns { x[index] = bounds.clamped(x[index]) }
        return
    }
    if T.self == Float.self {
        ThreadPool.shared.forRanges(of: rows, grain: max(1, 32_768 / max(1, columns))) { rows in
            InstructionSet.chosen.kernels.add_bias(
                mutableFloats(x) + rows.lowerBound * columns, floats(bias), rows.count, columns,
                clamp.forMicrokernels)
        }
        return
    }
    for row in 0..<rows {
        let line = x + row * columns
        for column in 0..<columns {
            line[column] = bounds.clamped(line[column] + bias[column])
        }
    }
}
