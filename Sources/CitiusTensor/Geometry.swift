import CitiusPlatform

/// A height and a width, in pixels or cells: a kernel's size, its strides, its dilation.
///
/// Where both are the same, write a number: `3` is 3 × 3. Where they differ, write both: `[2, 3]` is a height of 2 and a
/// width of 3.
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

/// What can be given where a size is expected: `3`, a variable `Int`, `[2, 3]`, a ``Size2D``.
///
/// A literal alone could become a `Size2D` by itself; a variable cannot, so layers take `some Size2DConvertible` and
/// keep its `size2D`. The price is a conformance of `Int` and of arrays, which are sizes nowhere else. Tuples conform to
/// no protocol, hence the brackets. (The alternative, an overload of each initializer for `Int`, would state each layer's
/// arguments twice, and mixed ones, a pair and a number, four times.)
public protocol Size2DConvertible {
    /// The height and the width.
    var size2D: Size2D { get }
}

extension Size2D: Size2DConvertible {
    public var size2D: Size2D { self }
}

extension Int: Size2DConvertible {
    /// A square.
    public var size2D: Size2D { Size2D(self) }
}

extension Array: Size2DConvertible where Element == Int {
    /// The height and the width. Traps if there are not two numbers.
    public var size2D: Size2D {
        require(count == 2, "Size2D: \(self) has \(count) numbers, expected 2 [height, width]")
        return Size2D(self[0], self[1])
    }
}

/// What a window that slides over an image meets at the edges. The names are Keras's.
///
/// With n input cells along an axis, a window of k cells (a dilated kernel of k cells spans
/// (k − 1)·dilation + 1) and strides of s:
public enum Padding: String, Sendable, Codable {
    /// Windows stay inside: ⌊(n − k) / s⌋ + 1 output cells.
    case valid
    /// ⌈n / s⌉ output cells. The input is thought to be surrounded by max((⌈n / s⌉ − 1)·s + k − n, 0) cells,
    /// half before and half after; an odd one comes after.
    case same
}

/// Where images keep their channels. Channels first, which Keras can be set to, is not computed here.
public enum DataFormat: String, Sendable, Codable {
    /// [batch, height, width, channels]
    case channelsLast = "channels_last"
}

/// As Keras writes it: `[height, width]`; a number alone is read as a square.
extension Size2D: Codable {
    public init(from decoder: any Decoder) throws {
        if let side = try? decoder.singleValueContainer().decode(Int.self) {
            self.init(side)
            return
        }
        var sizes = try decoder.unkeyedContainer()
        let (height, width) = (try sizes.decode(Int.self), try sizes.decode(Int.self))
        guard sizes.isAtEnd else {
            throw DecodingError.dataCorruptedError(
                in: sizes, debugDescription: "more than two sizes, expected a height and a width")
        }
        self.init(height, width)
    }

    public func encode(to encoder: any Encoder) throws {
        var sizes = encoder.unkeyedContainer()
        try sizes.encode(height)
        try sizes.encode(width)
    }
}
