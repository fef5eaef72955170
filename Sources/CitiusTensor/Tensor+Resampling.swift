import CitiusKernels
import CitiusPlatform

/// How the pixels between pixels are found. The names are Keras's.
public enum Interpolation: String, Sendable, Codable {
    /// The pixel whose area the position lies in.
    case nearest
    /// The four pixels around, by their distances.
    case bilinear
    /// Keys's cubic convolution with a = −½, over sixteen pixels.
    case bicubic
    /// A windowed sinc of radius 3.
    case lanczos3
    /// A windowed sinc of radius 5.
    case lanczos5

    package var kernel: AxisResampling.Kernel {
        switch self {
        case .nearest: .nearest
        case .bilinear: .linear
        case .bicubic: .cubic
        case .lanczos3: .lanczos(radius: 3)
        case .lanczos5: .lanczos(radius: 5)
        }
    }
}

extension Tensor {
    /// The weighted sums of elements along an axis.
    package func resampled(by resampling: AxisResampling, axis: Int) -> Tensor {
        var sizes = shape.sizes
        let axis = shape.resolve(axis, "resampled")
        let outer = Shape.count(of: sizes[..<axis])
        let inner = Shape.count(of: sizes[(axis + 1)...])
        require(
            sizes[axis] == resampling.inputCount,
            "resampled: axis \(axis) of \(shape) is not \(resampling.inputCount) long")
        sizes[axis] = resampling.outputCount
        func apply<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: Shape(sizes)) { (out: UnsafeMutablePointer<T>) in
                withElements { resampling.apply($0, outer: outer, inner: inner, to: out) }
            }
        }
        return apply(dtype.realType(for: "resampled"))
    }
}

/// What lies beyond the edges of an image. The names are Keras's.
public enum FillMode: String, Sendable, Codable {
    /// The image mirrored: (d c b a | a b c d | d c b a).
    case reflect
    /// The image again: (a b c d | a b c d | a b c d).
    case wrap
    /// One value.
    case constant
    /// The pixels at the edge.
    case nearest
}
