import CitiusKernels
import CitiusPlatform

extension Tensor {
    /// Numbers as they are written in a program: `3`, `0.5`, `[1, 2.5]`, `[[1, 2], [3, 4]]`.
    ///
    /// You do not write this type. It is what `Tensor(_:shape:dtype:)` takes where its argument is a literal, so that
    /// the literal gives the type that is meant: int64 for whole numbers alone, float32 if one has a decimal point, bool
    /// for truth values. Swift would make a `[Double]` of it.
    public struct Literal: Sendable, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
        ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral
    {
        private enum Content {
            case integer(Int64)
            case real(Double)
            case truth(Bool)
            case row([Literal])
        }

        private let content: Content

        public init(integerLiteral value: Int64) { content = .integer(value) }
        public init(floatLiteral value: Double) { content = .real(value) }
        public init(booleanLiteral value: Bool) { content = .truth(value) }
        public init(arrayLiteral elements: Literal...) { content = .row(elements) }

        /// One size for each level of brackets. Traps if rows of a level differ.
        fileprivate var sizes: [Int] {
            guard case .row(let rows) = content else { return [] }
            guard let first = rows.first?.sizes else { return [0] }
            for (index, row) in rows.enumerated() where row.sizes != first {
                fail(
                    "Tensor: row 0 of the literal has shape \(Shape(first)) and row \(index) \(Shape(row.sizes)), "
                        + "expected one shape for all")
            }
            return [rows.count] + first
        }

        /// What the elements are, in row-major order.
        private func collect(
            integers: inout [Int64], reals: inout [Double], truths: inout [Bool]
        ) {
            switch content {
            case .integer(let value):
                integers.append(value)
                reals.append(Double(value))
            case .real(let value): reals.append(value)
            case .truth(let value): truths.append(value)
            case .row(let rows):
                for row in rows { row.collect(integers: &integers, reals: &reals, truths: &truths) }
            }
        }

        fileprivate var tensor: Tensor {
            let shape = Shape(sizes)
            var (integers, reals, truths): ([Int64], [Double], [Bool]) = ([], [], [])
            collect(integers: &integers, reals: &reals, truths: &truths)
            require(
                truths.isEmpty || reals.isEmpty,
                "Tensor: the literal has numbers and truth values, expected either"
            )
            if !truths.isEmpty { return Tensor(truths, shape: shape) }
            // A whole number beyond 2⁵³ is exact as an int64 alone.
            if integers.count == reals.count { return Tensor(integers, shape: shape) }
            return Tensor(reals.map { Float($0) }, shape: shape)
        }

        /// The literal's numbers as float64, before they are rounded to float32.
        fileprivate func tensor(of dtype: DType) -> Tensor {
            let shape = Shape(sizes)
            var (integers, reals, truths): ([Int64], [Double], [Bool]) = ([], [], [])
            collect(integers: &integers, reals: &reals, truths: &truths)
            guard truths.isEmpty, integers.count < reals.count else { return tensor.cast(to: dtype) }
            return Tensor(reals, shape: shape).cast(to: dtype)
        }
    }

    /// A tensor as it is written, of any number of axes:
    ///
    /// ```swift
    /// Tensor([1, 2, 3])                      // int64 [3]
    /// Tensor([1.0, 2, 3])                    // float32 [3]
    /// Tensor([[1, 2], [3, 4]])               // int64 [2, 2]
    /// Tensor([0.1, 0.2], dtype: .float64)    // float64 [2]
    /// Tensor(3.5)                            // float32, a scalar
    /// ```
    ///
    /// A variable keeps its type instead: a `[Double]` gives float64, a `[Float]` float32. So does an expression, as
    /// `Tensor([2 * 0.5])`, since Swift computes it as `Double`.
    ///
    /// Traps if rows of one level differ in shape, if truth values and numbers are mixed, or if the elements do not fill
    /// the given shape.
    public init(_ literal: Literal, shape: Shape? = nil, dtype: DType? = nil) {
        let tensor = dtype.map { literal.tensor(of: $0) } ?? literal.tensor
        self = shape.map { tensor.filling($0) } ?? tensor
    }

    /// Whole numbers as int64, in one axis or under the given shape. Traps if they do not fill it.
    public init(_ elements: [Int], shape: Shape? = nil, dtype: DType? = nil) {
        self.init(elements.map { Int64($0) }, shape: shape, dtype: dtype)
    }

    /// The rows of a matrix of whole numbers, as int64. Traps if they differ in length.
    public init(_ rows: [[Int]], dtype: DType? = nil) {
        self.init(rows.map { $0.map { Int64($0) } }, dtype: dtype)
    }

    /// A whole number as an int64 scalar, of shape [].
    public init(_ element: Int) { self.init(Int64(element)) }

    /// The rows of a matrix. Traps if they differ in length.
    @_disfavoredOverload
    public init<T: Scalar>(_ rows: [[T]], dtype: DType? = nil) {
        let columns = rows.first?.count ?? 0
        for (index, row) in rows.enumerated() {
            require(
                row.count == columns,
                "Tensor: row 0 has \(columns) elements and row \(index) \(row.count), expected one length for all"
            )
        }
        self.init(rows.flatMap { $0 }, shape: [rows.count, columns], dtype: dtype)
    }

    private func filling(_ newShape: Shape) -> Tensor {
        Self.requireFilling(newShape, count: count)
        return viewed(as: newShape)
    }

    static func requireFilling(_ shape: Shape, count: Int) {
        require(
            shape.count == count, "Tensor: \(count) elements do not fill shape \(shape) of \(shape.count)")
    }
}
