import CitiusKernels
import CitiusPlatform

/// An n-dimensional array of numbers: a value, contiguous in memory, row-major.
///
/// Copies share their storage until one of them is written. A slice along the first axis is a view of the
/// same storage and costs nothing.
///
/// ```swift
/// let a = Tensor([[1.0, 2, 3], [4, 5, 6]])
/// let b = a * 2 + Tensor([10.0, 20, 30])   // broadcasts
/// print(b.sum(axis: 1))
/// ```
public struct Tensor: Sendable {
    package var storage: Storage
    /// Where the first element lies in the storage, in elements.
    package var offset: Int
    public let shape: Shape
    public let dtype: DType

    /// The number of elements.
    public var count: Int { shape.count }

    /// The number of axes.
    public var rank: Int { shape.rank }

    package init(storage: Storage, offset: Int, shape: Shape, dtype: DType) {
        self.storage = storage
        self.offset = offset
        self.shape = shape
        self.dtype = dtype
    }

    /// A tensor whose elements are not initialized.
    package init(uninitialized shape: Shape, dtype: DType) {
        storage = Storage(byteCount: shape.byteCount(of: dtype))
        offset = 0
        self.shape = shape
        self.dtype = dtype
    }

    /// A tensor whose elements `body` writes, all of them.
    package init<T: Scalar>(shape: Shape, initializing body: (UnsafeMutablePointer<T>) throws -> Void)
        rethrows
    {
        self.init(uninitialized: shape, dtype: T.dtype)
        try body(storage.pointer.assumingMemoryBound(to: T.self))
    }

    // MARK: Access for kernels

    /// Calls `body` with the first element's address. Traps if the elements are of another type.
    package func withElements<T: Scalar, R>(
        of type: T.Type = T.self, _ body: (UnsafePointer<T>) throws -> R
    ) rethrows -> R {
        require(T.dtype == dtype, "Tensor: elements are \(dtype), read as \(T.dtype)")
        return try withExtendedLifetime(storage) {
            try body(UnsafePointer(storage.pointer.assumingMemoryBound(to: T.self) + offset))
        }
    }

    /// Calls `body` with the first element's address for writing, after a copy if the storage is shared.
    package mutating func withMutableElements<T: Scalar, R>(
        of type: T.Type = T.self, _ body: (UnsafeMutablePointer<T>) throws -> R
    ) rethrows -> R {
        require(T.dtype == dtype, "Tensor: elements are \(dtype), written as \(T.dtype)")
        return try body(mutableAddress().assumingMemoryBound(to: T.self))
    }

    /// Where the first element lies. Valid while the tensor is kept alive.
    package var address: UnsafeRawPointer {
        UnsafeRawPointer(storage.pointer + offset * dtype.byteCount)
    }

    /// Where the first element lies, for writing, after a copy if the storage is shared or a file's. Valid while the
    /// tensor is kept alive, and neither written by other means nor copied.
    package mutating func mutableAddress() -> UnsafeMutableRawPointer {
        if !storage.isWritable || !isKnownUniquelyReferenced(&storage) {
            let copy = Storage(byteCount: count * dtype.byteCount)
            copy.pointer.copyMemory(from: address, byteCount: count * dtype.byteCount)
            storage = copy
            offset = 0
        }
        return storage.pointer + offset * dtype.byteCount
    }

    /// The same elements under another shape of the same count, without a copy.
    package func viewed(as newShape: Shape) -> Tensor {
        Tensor(storage: storage, offset: offset, shape: newShape, dtype: dtype)
    }
}

// MARK: Making tensors

extension Tensor {
    /// The array's elements in row-major order, as one axis or under the given shape.
    ///
    /// The array's type is the tensor's, a `[Double]` gives float64, unless `dtype` converts it as `cast(to:)` does. A
    /// literal is taken otherwise, see `Tensor(_:shape:dtype:)` of a ``Literal``.
    ///
    /// Traps if the shape's count is not the array's.
    // Disfavored so that literals, which could be arrays of Double too, are taken as such.
    @_disfavoredOverload
    public init<T: Scalar>(_ elements: [T], shape: Shape? = nil, dtype: DType? = nil) {
        let shape = shape ?? [elements.count]
        Self.requireFilling(shape, count: elements.count)
        self.init(shape: shape) { (out: UnsafeMutablePointer<T>) in
            elements.withUnsafeBufferPointer { source in
                if let base = source.baseAddress { out.update(from: base, count: source.count) }
            }
        }
        if let dtype { self = cast(to: dtype) }
    }

    /// A scalar tensor, of shape [] and the element's type.
    @_disfavoredOverload
    public init<T: Scalar>(_ element: T) { self.init([element], shape: []) }

    /// Every element the same value.
    public init<T: Scalar>(repeating element: T, shape: Shape) {
        self.init(shape: shape) { (out: UnsafeMutablePointer<T>) in
            out.update(repeating: element, count: shape.count)
        }
    }

    /// Every element zero (false for bool).
    public init(zeros shape: Shape, dtype: DType = .float32) {
        self.init(uninitialized: shape, dtype: dtype)
        storage.pointer.initializeMemory(as: UInt8.self, repeating: 0, count: storage.byteCount)
    }

    /// Every element one (true for bool).
    public init(ones shape: Shape, dtype: DType = .float32) {
        switch dtype {
        case .float32: self.init(repeating: 1 as Float, shape: shape)
        case .float64: self.init(repeating: 1 as Double, shape: shape)
        case .int32: self.init(repeating: 1 as Int32, shape: shape)
        case .int64: self.init(repeating: 1 as Int64, shape: shape)
        case .int8: self.init(repeating: 1 as Int8, shape: shape)
        case .uint8: self.init(repeating: 1 as UInt8, shape: shape)
        case .bool: self.init(repeating: true, shape: shape)
        }
    }
}

// MARK: Reading tensors

extension Tensor {
    /// The elements in row-major order. Traps if they are of another type; `cast(to:)` converts.
    public func elements<T: Scalar>(as type: T.Type = T.self) -> [T] {
        withElements { (source: UnsafePointer<T>) in Array(UnsafeBufferPointer(start: source, count: count)) }
    }

    /// The one element. Traps if there are more or fewer, or if it is of another type.
    public func element<T: Scalar>(as type: T.Type = T.self) -> T {
        require(count == 1, "element: the tensor has shape \(shape), expected one element")
        return withElements { (source: UnsafePointer<T>) in source[0] }
    }

    /// The one element as a `Double`, of whatever type of number it is. Traps if there are more or fewer.
    public var scalar: Double {
        func read<T: NumberScalar>(_ type: T.Type) -> Double { element(as: T.self).asDouble }
        return read(dtype.numberType(for: "scalar"))
    }
}
