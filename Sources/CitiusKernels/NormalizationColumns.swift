import CitiusSIMD

/// Mean and variance (of the population) of each channel over the rows, in one pass over memory: the chunks'
/// moments are combined by the formula of Chan, Golub and LeVeque (1983, doi:10.1080/00031305.1983.10483115).
@specialized(where T == Float)
@specialized(where T == Double)
package func channelMoments<T: KernelReal>(
    _ x: UnsafePointer<T>, _ layout: ChannelRows
) -> (mean: [Double], variance: [Double]) {
    let span = Span(
        "batch normalization's moments \(layout.rows)×\(layout.channels)",
        operations: 3 * layout.rows * layout.channels, elements: 1 * layout.rows * layout.channels,
        elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    let (channels, width, chunks) = (layout.channels, layout.width, layout.chunks)
    var mean = [Double](repeating: 0, count: channels)
    var squares = mean
    var count = 0.0
    withUnsafeTemporaryAllocation(of: T.self, capacity: 2 * chunks * width + 1) { workspace in
        guard let workspace = workspace.baseAddress else { return }
        ThreadPool.shared.forChunks(chunks, of: layout.wholeRows) { chunk, range in
            let out = workspace + 2 * chunk * width
            columnMoments(x + range.lowerBound * width, range.count, width, out, out + width)
        }
        for chunk in 0..<chunks {
            let range = ThreadPool.range(chunk, of: chunks, in: layout.wholeRows)
            let rows = Double(range.count)
            let (origin, distance) = (x + range.lowerBound * width, workspace + 2 * chunk * width)
            for start in stride(from: 0, to: width, by: channels) {
                let fraction = rows / (count + rows)
                for channel in 0..<channels {
                    let column = start + channel
                    let move = Double(origin[column]) + Double(distance[column]) - mean[channel]
                    mean[channel] += move * fraction
                    squares[channel] += Double(distance[width + column]) + move * move * fraction * count
                }
                count += rows
            }
        }
    }
    for start in stride(from: layout.restStart, to: layout.restStart + layout.rest, by: max(1, channels)) {
        count += 1
        for channel in 0..<channels {
            let move = Double(x[start + channel]) - mean[channel]
            mean[channel] += move / count
            squares[channel] += move * move * (count - 1) / count
        }
    }
    // Rounding may leave a hair less than nothing.
    return (mean, squares.map { $0 < 0 ? 0 : $0 / count })
}

/// distance ← mean − first row, squares ← Σ (x − mean)², column by column over one row or more.
@inline(__always)
private func columnMoments<T: KernelReal>(
    _ x: UnsafePointer<T>, _ rows: Int, _ width: Int, _ distance: UnsafeMutablePointer<T>,
    _ squares: UnsafeMutablePointer<T>
) {
    if T.self == Float.self {
        InstructionSet.chosen.kernels.moments(
            floats(x), rows, width, mutableFloats(distance), mutableFloats(squares))
        return
    }
    for column in 0..<width {
        distance[column] = 0
        squares[column] = 0
    }
    for row in 0..<rows {
        for column in 0..<width { distance[column] += x[row * width + column] - x[column] }
    }
    let scale = 1 / T(rows)
    for column in 0..<width { distance[column] *= scale }
    for row in 0..<rows {
        for column in 0..<width {
            let difference = x[row * width + column] - x[column] - distance[column]
            squares[column] += difference * difference
        }
    }
}

/// y = (x − center)·factor + shift over rows of columns: floats by the microkernels, doubles by plain loops.
struct NormalizationColumns<T: KernelReal> {
    let center: UnsafePointer<T>
    let factor: UnsafePointer<T>
    let shift: UnsafePointer<T>

    private var forMicrokernels: citius_normalization {
        citius_normalization(center: floats(center), factor: floats(factor), shift: floats(shift))
    }

    @inline(__always)
    private func result(_ x: T, _ column: Int) -> T { (x - center[column]) * factor[column] + shift[column] }

    @inline(__always)
    func normalize(
        _ x: UnsafePointer<T>, _ rows: Int, _ width: Int, _ clamp: Clamp, _ y: UnsafeMutablePointer<T>
    ) {
        if T.self == Float.self {
            InstructionSet.chosen.kernels.normalize(
                floats(x), forMicrokernels, rows, width, clamp.forMicrokernels, mutableFloats(y))
            return
        }
        let bounds = ClampBounds<T>(clamp)
        for row in 0..<rows {
            for column in 0..<width {
                let result = result(x[row * width + column], column)
                y[row * width + column] = bounds.clamped(result)
            }
        }
    }

    @inline(__always)
    func addSums(
        _ x: UnsafePointer<T>, _ dy: UnsafePointer<T>, _ rows: Int, _ width: Int, _ clamp: Clamp,
        _ sums: UnsafeMutablePointer<T>, _ products: UnsafeMutablePointer<T>
    ) {
        if T.self == Float.self {
            InstructionSet.chosen.kernels.normalization_sums(
                floats(x), floats(dy), forMicrokernels, rows, width, clamp.forMicrokernels,
                mutableFloats(sums),
                mutableFloats(products))
            return
        }
        let bounds = ClampBounds<T>(clamp)
        for row in 0..<rows {
            for column in 0..<width {
                let value = x[row * width + column]
                if !clamp.isIdentity && !bounds.passes(result(value, column)) { continue }
                let gradient = dy[row * width + column]
                sums[column] += gradient
                products[column] += gradient * (value - center[column])
            }
        }
    }

    @inline(__always)
    func gradient(
        _ x: UnsafePointer<T>, _ dy: UnsafePointer<T>, _ slope: UnsafePointer<T>,
        _ constant: UnsafePointer<T>,
        _ rows: Int, _ width: Int, _ clamp: Clamp, _ dx: UnsafeMutablePointer<T>
    ) {
        if T.self == Float.self {
            InstructionSet.chosen.kernels.normalization_gradient(
                floats(x), floats(dy), forMicrokernels, floats(slope), floats(constant), rows, width,
                clamp.forMicrokernels, mutableFloats(dx))
            return
        }
        let bounds = ClampBounds<T>(clamp)
        for row in 0..<rows {
            for column in 0..<width {
                let value = x[row * width + column]
                let isDead = !clamp.isIdentity && !bounds.passes(result(value, column))
                let gradient = isDead ? 0 : dy[row * width + column]
                dx[row * width + column] =
                    gradient * factor[column] + (value - center[column]) * slope[column] + constant[column]
            }
        }
    }
}

/// moving ← moving·momentum + batch·(1 − momentum).
@specialized(where T == Float)
@specialized(where T == Double)
package func moveTowards<T: KernelReal>(
    _ batch: UnsafePointer<T>, momentum: Double, _ moving: UnsafeMutablePointer<T>, count: Int
) {
    let (kept, new) = (T(converting: momentum), T(converting: 1 - momentum))
    for index in 0..<count { moving[index] = moving[index] * kept + batch[index] * new }
}
