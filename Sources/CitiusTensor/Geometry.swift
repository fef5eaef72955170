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

/// Where sequences, images and volumes keep their channels. Layers compute with the channels last; where they come
/// first, samples are transposed to that and back.
public enum DataFormat: String, Sendable, Codable {
    /// [batch, height, width, channels]
    case channelsLast = "channels_last"
    /// [batch, channels, height, width]
    case channelsFirst = "channels_first"

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let name = try container.decode(String.self)
        guard let format = DataFormat(rawValue: name) else {
            throw DecodingError.dataCorruptedError(
                in: container,
                debugDescription:
                    "there is no data format \"\(name)\", but channels_last and channels_first"
            )
        }
        self = format
    }
}

// MARK: Sizes of any number of axes

/// A size along each spatial axis of a layer's samples: what 1D, 2D and 3D layers share.
///
/// In a configuration it reads as Keras writes it, a list; a number alone is read as that size along each axis.
public protocol SpatialSize: Sendable, Hashable, Codable {
    /// The number of spatial axes.
    static var rank: Int { get }
    /// The samples' axes, as messages name them.
    static var axes: String { get }
    /// One size for each axis, outermost first.
    var sizes: [Int] { get }
    /// - Parameter sizes: `rank` numbers.
    init(sizes: [Int])
}

extension SpatialSize {
    package init(decoding decoder: any Decoder) throws {
        if let side = try? decoder.singleValueContainer().decode(Int.self) {
            self.init(sizes: [Int](repeating: side, count: Self.rank))
            return
        }
        var container = try decoder.unkeyedContainer()
        var sizes: [Int] = []
        while !container.isAtEnd && sizes.count <= Self.rank { sizes.append(try container.decode(Int.self)) }
        guard sizes.count == Self.rank else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected \(Self.rank) sizes, for \(Self.axes)")
        }
        self.init(sizes: sizes)
    }

    public init(from decoder: any Decoder) throws { try self.init(decoding: decoder) }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        for size in sizes { try container.encode(size) }
    }
}

extension Size2D: SpatialSize {
    public static var rank: Int { 2 }
    public static var axes: String { "height, width" }
    public var sizes: [Int] { [height, width] }
    public init(sizes: [Int]) { self.init(sizes[0], sizes[1]) }
}

/// A number of steps along a sequence: a kernel's size, its strides, its dilation.
public struct Size1D: SpatialSize, ExpressibleByIntegerLiteral, CustomStringConvertible {
    public var length: Int

    public init(_ length: Int) { self.length = length }
    public init(integerLiteral length: Int) { self.init(length) }

    public static var rank: Int { 1 }
    public static var axes: String { "steps" }
    public var sizes: [Int] { [length] }
    public init(sizes: [Int]) { self.init(sizes[0]) }
    public var description: String { "\(length)" }
}

/// A depth, a height and a width, in voxels: a kernel's size, its strides, its dilation.
///
/// Where all are the same, write a number: `3` is 3 × 3 × 3; else all three, `[1, 3, 3]`.
public struct Size3D: SpatialSize, ExpressibleByIntegerLiteral, CustomStringConvertible {
    public var depth: Int
    public var height: Int
    public var width: Int

    public init(_ depth: Int, _ height: Int, _ width: Int) {
        self.depth = depth
        self.height = height
        self.width = width
    }

    /// A cube.
    public init(_ side: Int) { self.init(side, side, side) }
    public init(integerLiteral side: Int) { self.init(side) }

    public static var rank: Int { 3 }
    public static var axes: String { "depth, height, width" }
    public var sizes: [Int] { [depth, height, width] }
    public init(sizes: [Int]) { self.init(sizes[0], sizes[1], sizes[2]) }
    public var description: String { "\(depth)×\(height)×\(width)" }

    /// Height and width.
    package var plane: Size2D { Size2D(height, width) }
}

/// What can be given where a size of three axes is expected: `3`, a variable `Int`, `[1, 3, 3]`, a ``Size3D``.
public protocol Size3DConvertible {
    /// The depth, the height and the width.
    var size3D: Size3D { get }
}

extension Size3D: Size3DConvertible {
    public var size3D: Size3D { self }
}

extension Int: Size3DConvertible {
    /// A cube.
    public var size3D: Size3D { Size3D(self) }
}

extension Array: Size3DConvertible where Element == Int {
    /// The depth, the height and the width. Traps if there are not three numbers.
    public var size3D: Size3D {
        require(count == 3, "Size3D: \(self) has \(count) numbers, expected 3 [depth, height, width]")
        return Size3D(self[0], self[1], self[2])
    }
}

/// What a window that slides along a sequence meets at the ends. The names are Keras's.
public enum SequencePadding: String, Sendable, Codable {
    /// As `Padding.valid`.
    case valid
    /// As `Padding.same`.
    case same
    /// ⌈n / s⌉ output steps, each of which sees no later step of the input: all padding comes before the first.
    case causal
}
