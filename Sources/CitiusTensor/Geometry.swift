/// A height and a width, in pixels or cells: a kernel's size, its strides, its dilation.
///
/// Where both are the same, write a number: `3` is 3 × 3.
public struct Size2D: Sendable, Hashable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    public var height: Int
    public var width: Int

    public init(_ height: Int, _ width: Int) {
        self.height = height
        self.width = width
    }

    /// A square.
    public init(_ side: Int) { self.init(side, side) }

    public init(integerLiteral side: Int) { self.init(side, side) }

    public var description: String { "\(height)×\(width)" }
}

/// What a window that slides over an image meets at the edges. The names are Keras's.
///
/// With n input cells along an axis, a window of k cells (a dilated kernel of k cells spans
/// (k − 1)·dilation + 1) and strides of s:
public enum Padding: String, Sendable {
    /// Windows stay inside: ⌊(n − k) / s⌋ + 1 output cells.
    case valid
    /// ⌈n / s⌉ output cells. The input is thought to be surrounded by max((⌈n / s⌉ − 1)·s + k − n, 0) cells,
    /// half before and half after; an odd one comes after.
    case same
}
