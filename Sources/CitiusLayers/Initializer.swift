import CitiusTensor

/// How a parameter's first values are drawn.
public struct Initializer: Sendable {
    private let make: @Sendable (Shape, DType, inout RandomGenerator) -> Tensor

    /// An initializer of your own: given shape and dtype, it returns the values.
    public init(_ make: @escaping @Sendable (Shape, DType, inout RandomGenerator) -> Tensor) {
        self.make = make
    }

    public func callAsFunction(
        _ shape: Shape, dtype: DType = .float32, generator: inout RandomGenerator
    ) -> Tensor {
        make(shape, dtype, &generator)
    }

    public static let zeros = Initializer { shape, dtype, _ in Tensor(zeros: shape, dtype: dtype) }
    public static let ones = Initializer { shape, dtype, _ in Tensor(ones: shape, dtype: dtype) }
}
