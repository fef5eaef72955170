/// Pictures taken from where a projective transform points, one transform an image: what rotation, translation, zoom,
/// shear and change of perspective have in common.
///
/// Output pixel (x, y) shows the input at ((a₀x + a₁y + a₂)/k, (b₀x + b₁y + b₂)/k) with k = c₀x + c₁y + 1. Images are
/// [batch, height, width, channels], transforms [batch, 8] in the order a₀ a₁ a₂ b₀ b₁ b₂ c₀ c₁.
package struct ProjectiveTransform: Sendable {
    /// What lies beyond the image's edges.
    package enum Fill: Sendable, Equatable {
        /// (d c b a | a b c d | d c b a)
        case reflect
        /// (a b c d | a b c d | a b c d)
        case wrap
        /// The edge goes on.
        case nearest
        case constant(Double)

        /// The position in 0..<count that shows what lies at `index`; nil for the constant.
        @inline(__always)
        func position(_ index: Int, _ count: Int) -> Int? {
            if index >= 0 && index < count { return index }
            switch self {
            case .constant: return nil
            case .nearest: return min(max(index, 0), count - 1)
            case .wrap:
                let rest = index % count
                return rest < 0 ? rest + count : rest
            case .reflect:
                let rest = index % (2 * count)
                let folded = rest < 0 ? rest + 2 * count : rest
                return folded < count ? folded : 2 * count - 1 - folded
            }
        }
    }

    package let batch: Int
    package let height: Int
    package let width: Int
    package let channels: Int
    package let fill: Fill
    /// Between the four pixels around; else the nearest one.
    package let isBilinear: Bool

    package init(
        batch: Int, height: Int, width: Int, channels: Int, fill: Fill, isBilinear: Bool
    ) {
        self.batch = batch
        self.height = height
        self.width = width
        self.channels = channels
        self.fill = fill
        self.isBilinear = isBilinear
    }

    private var rowCount: Int { width * channels }
    private var imageCount: Int { height * rowCount }

    /// Calls `body` with each pixel of a row and the pixels it is made of: offset in the image (nil: the constant) and
    /// weight.
    @inline(__always)
    private func forEachTap(
        row y: Int, _ transform: UnsafePointer<Double>,
        _ body: (_ x: Int, _ offset: Int?, _ weight: Double, _ isFirst: Bool) -> Void
    ) {
        let t = transform
        for x in 0..<width {
            let k = t[6] * Double(x) + t[7] * Double(y) + 1
            let column = (t[0] * Double(x) + t[1] * Double(y) + t[2]) / k
            let row = (t[3] * Double(x) + t[4] * Double(y) + t[5]) / k
            // Also false for NaN; what lies so far out is shown as if it lay there.
            let isNear = abs(column) < 1e9 && abs(row) < 1e9
            let (c, r) = isNear ? (column, row) : (-1e9, -1e9)
            func offset(_ i: Int, _ j: Int) -> Int? {
                guard let i = fill.position(i, height), let j = fill.position(j, width) else { return nil }
                return i * rowCount + j * channels
            }
            guard isBilinear else {
                body(
                    x,
                    offset(
                        Int(r.rounded(.toNearestOrAwayFromZero)), Int(c.rounded(.toNearestOrAwayFromZero))),
                    1, true)
                continue
            }
            let (top, left) = (r.rounded(.down), c.rounded(.down))
            let (down, right) = (r - top, c - left)
            let (i, j) = (Int(top), Int(left))
            body(x, offset(i, j), (1 - down) * (1 - right), true)
            body(x, offset(i, j + 1), (1 - down) * right, false)
            body(x, offset(i + 1, j), down * (1 - right), false)
            body(x, offset(i + 1, j + 1), down * right, false)
        }
    }

    /// Of images of [batch, height, width, channels] makes others of the same shape.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func apply<T: KernelReal>(
        _ input: UnsafePointer<T>, transforms: UnsafePointer<Double>, to output: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "projective transform \(height)×\(width)×\(channels)", elements: 2 * batch * imageCount,
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        var constant = T.zero
        if case .constant(let value) = fill { constant = T(value) }
        let grain = max(1, 4_096 / max(1, rowCount))
        ThreadPool.shared.forRanges(of: batch * height, grain: grain) { rows in
            for row in rows {
                let image = input + row / height * imageCount
                let target = output + row * rowCount
                forEachTap(row: row % height, transforms + row / height * 8) { x, offset, weight, isFirst in
                    let pixel = target + x * channels
                    let weight = T(weight)
                    for channel in 0..<channels {
                        let value = weight * (offset.map { image[$0 + channel] } ?? constant)
                        pixel[channel] = isFirst ? value : pixel[channel] + value
                    }
                }
            }
        }
    }

    /// inputGradient ← each output's gradient, added where the output was taken from.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func gradient<T: KernelReal>(
        _ outputGradient: UnsafePointer<T>, transforms: UnsafePointer<Double>,
        to inputGradient: UnsafeMutablePointer<T>
    ) {
        let span = Span(
            "projective transform's gradient \(height)×\(width)×\(channels)",
            elements: 2 * batch * imageCount, elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        ThreadPool.shared.forRanges(of: batch, grain: max(1, 4_096 / max(1, imageCount))) { images in
            (inputGradient + images.lowerBound * imageCount).update(
                repeating: 0, count: images.count * imageCount)
            for image in images {
                let target = inputGradient + image * imageCount
                for row in 0..<height {
                    let source = outputGradient + image * imageCount + row * rowCount
                    forEachTap(row: row, transforms + image * 8) { x, offset, weight, _ in
                        guard let offset else { return }
                        let weight = T(weight)
                        for channel in 0..<channels {
                            target[offset + channel] += weight * source[x * channels + channel]
                        }
                    }
                }
            }
        }
    }
}
