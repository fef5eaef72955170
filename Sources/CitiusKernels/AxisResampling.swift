import CitiusPlatform

/// A linear map along one axis by which each output position is a weighted sum of a few input positions: what resizing,
/// upsampling and adaptive average pooling are, along each axis of an image by itself.
///
/// The rows are sparse, `weights[t] · input[sources[t]]` for t in `starts[i]..<starts[i + 1]`; so are those of the
/// transpose, which is the gradient.
package struct AxisResampling: Sendable {
    package let inputCount: Int
    package let outputCount: Int
    private let starts: [Int]
    private let sources: [Int]
    private let weights: [Double]

    /// - Parameter rows: of each output, the input positions it is a sum of, and their weights.
    package init(inputCount: Int, rows: [[(source: Int, weight: Double)]]) {
        self.inputCount = inputCount
        outputCount = rows.count
        starts = rows.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1.count) }
        sources = rows.flatMap { $0.map { $0.source } }
        weights = rows.flatMap { $0.map { $0.weight } }
    }

    /// The map with inputs and outputs exchanged.
    package var transposed: AxisResampling {
        var rows = [[(source: Int, weight: Double)]](repeating: [], count: inputCount)
        for output in 0..<outputCount {
            for tap in starts[output]..<starts[output + 1] {
                rows[sources[tap]].append((output, weights[tap]))
            }
        }
        return AxisResampling(inputCount: outputCount, rows: rows)
    }

    /// Of [outer, input, inner] makes [outer, output, inner].
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func apply<T: KernelReal>(
        _ input: UnsafePointer<T>, outer: Int, inner: Int, to output: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "resampling \(inputCount) → \(outputCount)", operations: 2 * outer * inner * weights.count,
            elements: outer * inner * (inputCount + outputCount), elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        let rowTaps = max(1, weights.count / max(1, outputCount))
        let grain = max(1, 16_384 / max(1, inner * rowTaps))
        ThreadPool.shared.forRanges(of: outer * outputCount, grain: grain) { rows in
            for row in rows {
                let (image, position) = row.quotientAndRemainder(dividingBy: outputCount)
                let source = input + image * inputCount * inner
                let target = output + row * inner
                let taps = starts[position]..<starts[position + 1]
                guard let first = taps.first else {
                    target.update(repeating: 0, count: inner)
                    continue
                }
                let (line, weight) = (source + sources[first] * inner, T(weights[first]))
                for index in 0..<inner { target[index] = weight * line[index] }
                for tap in taps.dropFirst() {
                    let (line, weight) = (source + sources[tap] * inner, T(weights[tap]))
                    for index in 0..<inner { target[index] += weight * line[index] }
                }
            }
        }
    }
}

extension AxisResampling {
    /// How a resized image's pixels are made of the pixels around them.
    package enum Kernel: Sendable {
        case nearest
        /// A triangle of radius 1.
        case linear
        /// Keys's cubic convolution with a = −½ (1981, doi:10.1109/TASSP.1981.1163711).
        case cubic
        /// A sinc with a window of its own central lobe, of this radius.
        case lanczos(radius: Double)

        var radius: Double {
            switch self {
            case .nearest: 0.5
            case .linear: 1
            case .cubic: 2
            case .lanczos(let radius): radius
            }
        }

        func weight(at distance: Double) -> Double {
            let x = abs(distance)
            switch self {
            case .nearest: return x <= 0.5 ? 1 : 0
            case .linear: return max(0, 1 - x)
            case .cubic:
                if x >= 2 { return 0 }
                return x >= 1 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : ((1.5 * x - 2.5) * x) * x + 1
            case .lanczos(let radius):
                if x > radius { return 0 }
                if x <= 1e-3 { return 1 }
                return radius * Double.sin(.pi * x) * Double.sin(.pi * x / radius)
                    / (Double.pi * Double.pi * x * x)
            }
        }
    }

    /// Resizes an axis; positions are the pixels' centers.
    ///
    /// - Parameter antialias: whether the kernel is widened where the axis shrinks, so that no pixel is passed over.
    package init(resizing input: Int, to output: Int, by kernel: Kernel, antialias: Bool = false) {
        let step = Double(input) / Double(output)
        if case .nearest = kernel {
            // In Float, as JAX computes the positions.
            self.init(
                inputCount: input,
                rows: (0..<output).map { position in
                    let source = (Float(position) + 0.5) * Float(input) / Float(output)
                    return [(min(input - 1, Int(source)), 1)]
                })
            return
        }
        let width = antialias ? max(step, 1) : 1
        self.init(
            inputCount: input,
            rows: (0..<output).map { position in
                let center = (Double(position) + 0.5) * step - 0.5
                let first = max(0, Int((center - kernel.radius * width).rounded(.down)))
                let last = min(input - 1, Int((center + kernel.radius * width).rounded(.up)))
                let taps = (first...max(first, last)).map { source in
                    (source: source, weight: kernel.weight(at: (center - Double(source)) / width))
                }
                let total = taps.reduce(0) { $0 + $1.weight }
                return taps.filter { $0.weight != 0 }.map { ($0.source, $0.weight / total) }
            })
    }

    /// Each position `count` times in a row.
    package init(repeating input: Int, count: Int) {
        self.init(inputCount: input, rows: (0..<input * count).map { [($0 / count, 1)] })
    }

    /// The means of `output` ranges of nearly equal length that cover the axis.
    package init(averaging input: Int, to output: Int) {
        self.init(
            inputCount: input,
            rows: (0..<output).map { position in
                let range = AxisResampling.range(position, of: output, over: input)
                return range.map { ($0, 1 / Double(range.count)) }
            })
    }

    /// The positions of one of `output` ranges that cover an axis: from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉.
    package static func range(_ position: Int, of output: Int, over input: Int) -> Range<Int> {
        position * input / output..<((position + 1) * input + output - 1) / output
    }
}
