import CitiusAutograd
import CitiusConfiguration
import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Initializer {
    public struct Zeros: InitializerKind {
        public static let module: String? = "keras.initializers"

        public func callAsFunction(
            _ shape: Shape, dtype: DType, generator: inout RandomGenerator
        ) -> Tensor {
            Tensor(zeros: shape, dtype: dtype)
        }
    }

    public struct Ones: InitializerKind {
        public static let module: String? = "keras.initializers"

        public func callAsFunction(
            _ shape: Shape, dtype: DType, generator: inout RandomGenerator
        ) -> Tensor {
            Tensor(ones: shape, dtype: dtype)
        }
    }

    /// One value everywhere.
    public struct Constant: InitializerKind {
        public static let module: String? = "keras.initializers"
        public let value: Double

        public func callAsFunction(
            _ shape: Shape, dtype: DType, generator: inout RandomGenerator
        ) -> Tensor {
            Tensor(value).cast(to: dtype).expanded(to: shape)
        }
    }

    /// A number on the diagonal of a matrix.
    public struct Identity: InitializerKind {
        public static let module: String? = "keras.initializers"
        public static let aliases = ["IdentityInitializer"]
        public let gain: Double

        public init(gain: Double) { self.gain = gain }

        /// Keras 3.15 forgets the gain when it saves, though it reads it.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            gain = try container.decodeIfPresent(Double.self, forKey: .gain) ?? 1
        }

        public func callAsFunction(
            _ shape: Shape, dtype: DType, generator: inout RandomGenerator
        ) -> Tensor {
            require(shape.rank == 2, "identity initializer: shape \(shape), expected rank 2")
            let columns = Tensor(range: 0..<shape[1])
            let rows = Tensor(range: 0..<shape[0]).expandingAxis(at: 1)
            return (rows .== columns).cast(to: dtype) * gain
        }
    }

    public static let zeros = Initializer(Zeros())
    public static let ones = Initializer(Ones())

    public static func constant(_ value: Double) -> Initializer { Initializer(Constant(value: value)) }

    /// `gain` on the diagonal of a matrix. Traps for other ranks.
    public static func identity(gain: Double = 1) -> Initializer { Initializer(Identity(gain: gain)) }
}
