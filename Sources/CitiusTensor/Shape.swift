import CitiusKernels
import CitiusPlatform

/// The sizes of a tensor's axes, outermost first. The empty shape is a scalar's.
public struct Shape: Sendable, Hashable, ExpressibleByArrayLiteral, CustomStringConvertible {
    /// The size of each axis; never negative.
    public let sizes: [Int]

    /// Traps if a size is negative.
    public init(_ sizes: [Int]) {
        require(sizes.allSatisfy { $0 >= 0 }, "Shape: \(sizes) has a negative size")
        self.sizes = sizes
    }

    public init(arrayLiteral elements: Int...) { self.init(elements) }

    /// The number of axes.
    public var rank: Int { sizes.count }

    /// The number of elements: the product of the sizes, 1 for a scalar.
    ///
    /// Traps if there are more than an `Int` counts, those of other axes beside one of 0 included.
    public var count: Int { Self.count(of: sizes) }

    /// The product of the sizes of some axes.
    package static func count(of sizes: some Collection<Int>) -> Int {
        var isEmpty = false
        // Sizes beside a zero count too: strides are their products.
        var product = 1
        for size in sizes {
            if size == 0 { isEmpty = true }
            let (next, overflows) = product.multipliedReportingOverflow(by: size == 0 ? 1 : size)
            require(!overflows, "Shape: axes of \(Array(sizes)) have more elements than can be counted")
            product = next
        }
        return isEmpty ? 0 : product
    }

    /// The bytes that the elements take. Traps if no machine has as many.
    package func byteCount(of dtype: DType) -> Int {
        let (bytes, overflows) = count.multipliedReportingOverflow(by: dtype.byteCount)
        require(
            !overflows && bytes <= Int.max >> 8,
            "Tensor: \(dtype) of shape \(self) takes more bytes than any machine has")
        return bytes
    }

    public var description: String { sizes.description }

    /// The size of an axis; negative axes count from the end. Traps if there is no such axis.
    public subscript(axis: Int) -> Int { sizes[resolve(axis, "Shape")] }

    /// The axis as a number from 0, negative ones counted from the end. Traps if there is no such axis.
    package func resolve(_ axis: Int, _ operation: @autoclosure () -> String) -> Int {
        let resolved = axis < 0 ? axis + rank : axis
        require(
            resolved >= 0 && resolved < rank,
            "\(operation()): axis \(axis) is out of range for shape \(self) of rank \(rank)")
        return resolved
    }

    /// Elements between neighbours along each axis of a contiguous row-major tensor.
    package var strides: [Int] {
        var strides = [Int](repeating: 1, count: rank)
        for axis in stride(from: rank - 2, through: 0, by: -1) {
            strides[axis] = strides[axis + 1] * sizes[axis + 1]
        }
        return strides
    }

    /// The shape without its first axis: what one sample of a batch has.
    public func droppingFirst() -> Shape { Shape(Array(sizes.dropFirst())) }

    /// The shape with one more axis in front.
    public func prepending(_ size: Int) -> Shape { Shape([size] + sizes) }
}
