/// Batch normalization of a row-major [rows, channels] matrix (Ioffe and Szegedy 2015, arXiv 1502.03167):
/// every channel is brought to mean 0 and variance 1 over the rows, then scaled and shifted.
///
/// Sums over rows are made in as many parts as there are threads and added in order.
package enum BatchNormalizationKernel {
    /// Elements of scratch memory that each function here needs.
    package static func workspaceCount(channels: Int) -> Int {
        2 * ThreadPool.shared.threadCount * channels
    }

    private static func parts(_ rows: Int, _ channels: Int) -> Int {
        rows * channels < 32_768 ? min(1, rows) : min(ThreadPool.shared.threadCount, rows)
    }

    /// mean[c] and variance[c] (of the population) over the rows. Two passes: differences from the mean are
    /// squared, not raw values, which would cancel.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package static func moments<T: KernelReal>(
        _ x: UnsafePointer<T>, rows: Int, channels: Int, mean: UnsafeMutablePointer<T>,
        variance: UnsafeMutablePointer<T>, workspace: UnsafeMutablePointer<T>
    ) {
        let scale = 1 / T(rows)
        sumRows(x, rows: rows, columns: channels, to: mean, workspace: workspace)
        for channel in 0..<channels { mean[channel] *= scale }
        let parts = parts(rows, channels)
        ThreadPool.shared.forParts(of: rows, parts: parts) { part, range in
            let sum = workspace + part * channels
            sum.update(repeating: 0, count: channels)
            for row in range {
                let line = x + row * channels
                for channel in 0..<channels {
                    let difference = line[channel] - mean[channel]
                    sum[channel] += difference * difference
                }
            }
        }
        addParts(UnsafePointer(workspace), stride: channels, parts: parts, 0..<channels, to: variance)
        for channel in 0..<channels { variance[channel] *= scale }
    }

    /// y[r, c] ← x[r, c]·factor[c] + shift[c].
    @specialized(where T == Float)
    @specialized(where T == Double)
    package static func scaleAndShift<T: KernelReal>(
        _ x: UnsafePointer<T>, factor: UnsafePointer<T>, shift: UnsafePointer<T>, rows: Int, channels: Int,
        to y: UnsafeMutablePointer<T>
    ) {
        ThreadPool.shared.forRanges(of: rows, grain: max(1, 16_384 / max(1, channels))) { range in
            for row in range {
                let line = x + row * channels
                let out = y + row * channels
                for channel in 0..<channels {
                    out[channel] = line[channel] * factor[channel] + shift[channel]
                }
            }
        }
    }

    /// sumOfGradients[c] ← Σ dy, sumOfProducts[c] ← Σ dy·x̂ with x̂ = (x − mean)·inverseDeviation: the
    /// gradients of shift and scale.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package static func gradientSums<T: KernelReal>(
        x: UnsafePointer<T>, dy: UnsafePointer<T>, mean: UnsafePointer<T>, inverseDeviation: UnsafePointer<T>,
        rows: Int, channels: Int, sumOfGradients: UnsafeMutablePointer<T>,
        sumOfProducts: UnsafeMutablePointer<T>, workspace: UnsafeMutablePointer<T>
    ) {
        let parts = parts(rows, channels)
        let products = workspace + ThreadPool.shared.threadCount * channels
        ThreadPool.shared.forParts(of: rows, parts: parts) { part, range in
            let sum = workspace + part * channels
            let product = products + part * channels
            sum.update(repeating: 0, count: channels)
            product.update(repeating: 0, count: channels)
            for row in range {
                let line = x + row * channels
                let gradient = dy + row * channels
                for channel in 0..<channels {
                    sum[channel] += gradient[channel]
                    product[channel] += gradient[channel] * (line[channel] - mean[channel])
                }
            }
        }
        addParts(UnsafePointer(workspace), stride: channels, parts: parts, 0..<channels, to: sumOfGradients)
        addParts(UnsafePointer(products), stride: channels, parts: parts, 0..<channels, to: sumOfProducts)
        for channel in 0..<channels { sumOfProducts[channel] *= inverseDeviation[channel] }
    }

    /// dx = scale·inverseDeviation·(dy − (Σ dy)/n − x̂·(Σ dy·x̂)/n), where mean and variance are the batch's.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package static func inputGradient<T: KernelReal>(
        x: UnsafePointer<T>, dy: UnsafePointer<T>, mean: UnsafePointer<T>, inverseDeviation: UnsafePointer<T>,
        scale: UnsafePointer<T>?, sumOfGradients: UnsafePointer<T>, sumOfProducts: UnsafePointer<T>,
        rows: Int, channels: Int, dx: UnsafeMutablePointer<T>, workspace: UnsafeMutablePointer<T>
    ) {
        // Channel by channel: dx = a·dy + b·(x − mean) + c.
        let a = workspace
        let b = workspace + channels
        let c = workspace + 2 * channels
        let inverseCount = 1 / T(rows)
        for channel in 0..<channels {
            let deviation = inverseDeviation[channel]
            a[channel] = (scale?[channel] ?? 1) * deviation
            b[channel] = -a[channel] * deviation * sumOfProducts[channel] * inverseCount
            c[channel] = -a[channel] * sumOfGradients[channel] * inverseCount
        }
        ThreadPool.shared.forRanges(of: rows, grain: max(1, 16_384 / max(1, channels))) { range in
            for row in range {
                let line = x + row * channels
                let gradient = dy + row * channels
                let out = dx + row * channels
                for channel in 0..<channels {
                    out[channel] =
                        a[channel] * gradient[channel] + b[channel] * (line[channel] - mean[channel])
                        + c[channel]
                }
            }
        }
    }

    /// Elements of scratch memory that `inputGradient` needs.
    package static func inputGradientWorkspaceCount(channels: Int) -> Int { 3 * channels }
}
