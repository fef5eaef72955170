import CitiusData
import CitiusImageCodecs
import CitiusKernels
import CitiusPlatform

/// How an image's pixels are computed from those of another size.
public enum ImageResampling: String, Sendable, Codable {
    /// The pixel that lies nearest.
    case nearest
    /// The pixels around, by their distances.
    case bilinear
    /// The mean of the area that a pixel covers.
    case area
}

extension Tensor {
    /// An image of another size, of bytes rounded to the nearest.
    ///
    /// Positions are the pixels' centers, as in Pillow, torchvision and TensorFlow 2.
    ///
    /// ```swift
    /// let small = try Tensor(contentsOfImage: "photo.jpg").resizedImage(to: [240, 320])
    /// ```
    ///
    /// - Parameters:
    ///   - size: the height and the width; a number for both.
    ///   - resampling: what lies between pixels.
    ///   - antialias: whether `bilinear` is widened where the image shrinks, so that no pixel is passed over: Pillow's and
    ///     torchvision's way with images. Keras and TensorFlow pass them over unless they are told otherwise.
    ///
    /// Traps unless the tensor is uint8 `[height, width, channels]` of 1 to 4 channels, not empty, and the size positive.
    public func resizedImage(
        to size: some Size2DConvertible, by resampling: ImageResampling = .bilinear, antialias: Bool = true
    ) -> Tensor {
        let size = size.size2D
        requireImage("resizedImage")
        require(
            size.height >= 1 && size.width >= 1, "resizedImage: the size is \(size), expected at least 1×1")
        let (rows, columns) = (shape[0], shape[1])
        let axes = (
            ImageAxis(0..<Double(rows), of: rows, to: size.height, by: resampling, antialias: antialias),
            ImageAxis(0..<Double(columns), of: columns, to: size.width, by: resampling, antialias: antialias)
        )
        return Tensor(shape: [size.height, size.width, shape[2]]) { (out: UnsafeMutablePointer<UInt8>) in
            withElements { (pixels: UnsafePointer<UInt8>) in
                resize(
                    pixels, width: columns, channels: shape[2], rows: axes.0, columns: axes.1,
                    scratch: ScratchMemory(), to: out)
            }
        }
    }

    /// A window of an image.
    ///
    /// Traps unless the tensor is uint8 `[height, width, channels]` of 1 to 4 channels and the window lies within it.
    public func croppedImage(to size: some Size2DConvertible, top: Int, left: Int) -> Tensor {
        let size = size.size2D
        requireImage("croppedImage")
        require(
            size.height >= 1 && size.width >= 1 && top >= 0 && left >= 0 && size.height <= shape[0] - top
                && size.width <= shape[1] - left,
            "croppedImage: a window of \(size) at (\(top), \(left)) does not lie within the image \(shape)")
        return sliced(top..<top + size.height, axis: 0).sliced(left..<left + size.width, axis: 1)
    }

    func requireImage(_ operation: String) {
        require(
            dtype == .uint8 && rank == 3 && count > 0 && (1...4).contains(shape[2]),
            "\(operation): the tensor is \(dtype) \(shape), expected uint8 [height, width, channels] of 1 to 4 channels"
        )
    }
}

/// How one axis of an image becomes that of another: each position a weighted sum of a few.
struct ImageAxis {
    private var starts: [Int32] = [0]
    private var sources: [Int32] = []
    private var weights: [Float] = []

    /// The positions of the input that are looked at; one if none is.
    private(set) var range: Range<Int>

    /// A part of an axis, at a new length.
    ///
    /// - Parameters:
    ///   - part: from where to where, in pixels of the input. Pixels outside of it have no influence. It may reach beyond
    ///     the input, where there are zeros.
    ///   - count: the input's length.
    ///   - length: the output's.
    init(
        _ part: Range<Double>, of count: Int, to length: Int, by resampling: ImageResampling, antialias: Bool
    ) {
        let step = (part.upperBound - part.lowerBound) / Double(length)
        let bounds = Int(part.lowerBound.rounded(.down))..<Int(part.upperBound.rounded(.up))
        starts.reserveCapacity(length + 1)
        let width = antialias ? max(step, 1) : 1
        var (lowest, highest) = (count, -1)
        for position in 0..<length {
            let center = part.lowerBound + (Double(position) + 0.5) * step
            var (first, last): (Int, Int)
            switch resampling {
            case .nearest:
                first = Int(center.rounded(.down))
                last = first
            case .bilinear:
                first = Int((center - width + 0.5).rounded(.down))
                last = Int((center + width + 0.5).rounded(.down)) - 1
            case .area:
                first = Int((center - step / 2).rounded(.down))
                last = Int((center + step / 2).rounded(.up)) - 1
            }
            first = min(max(first, bounds.lowerBound), bounds.upperBound - 1)
            last = min(max(last, first), bounds.upperBound - 1)
            func weight(_ source: Int) -> Double {
                switch resampling {
                case .nearest: return 1
                case .bilinear: return max(0, 1 - abs(Double(source) + 0.5 - center) / width)
                case .area:
                    return max(
                        0, min(Double(source) + 1, center + step / 2) - max(Double(source), center - step / 2)
                    )
                }
            }
            var total = 0.0
            for source in first...last { total += weight(source) }
            // Of a single pixel, which may lie half a pixel away.
            let factor = total > 0 ? 1 / total : 0
            for source in first...last where source >= 0 && source < count {
                let weight = total > 0 ? weight(source) * factor : (first == last ? 1 : 0)
                guard weight > 0 else { continue }
                sources.append(Int32(source))
                weights.append(Float(weight))
                lowest = min(lowest, source)
                highest = max(highest, source)
            }
            starts.append(Int32(sources.count))
        }
        range = highest < 0 ? 0..<1 : lowest..<highest + 1
    }

    /// The same axis of an input that begins at the first position that is looked at.
    var trimmed: ImageAxis {
        var axis = self
        let start = Int32(range.lowerBound)
        for index in axis.sources.indices { axis.sources[index] -= start }
        axis.range = 0..<range.count
        return axis
    }

    fileprivate func withTable<R>(_ body: (citius_image_axis) -> R) -> R {
        starts.withUnsafeBufferPointer { starts in
            sources.withUnsafeBufferPointer { sources in
                weights.withUnsafeBufferPointer { weights in
                    body(
                        citius_image_axis(
                            count: Int32(starts.count - 1), starts: starts.baseAddress,
                            sources: sources.baseAddress, weights: weights.baseAddress))
                }
            }
        }
    }
}

/// Resizes an image of bytes.
func resize(
    _ pixels: UnsafePointer<UInt8>, width: Int, channels: Int, rows: ImageAxis, columns: ImageAxis,
    scratch: ScratchMemory, to out: UnsafeMutablePointer<UInt8>
) {
    rows.withTable { rows in
        columns.withTable { columns in
            citius_image_resize(
                pixels, Int32(width), Int32(channels), rows, columns,
                scratch.elements(width * channels + 4, of: Float.self), out)
        }
    }
}
