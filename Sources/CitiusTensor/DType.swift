import CitiusKernels
import CitiusPlatform

/// The type of a tensor's elements.
public enum DType: String, Sendable, CaseIterable, Codable, CustomStringConvertible {
    case float32, float64, int32, int64, int8, uint8, bool

    /// Bytes per element.
    public var byteCount: Int {
        switch self {
        case .float32, .int32: 4
        case .float64, .int64: 8
        case .int8, .uint8, .bool: 1
        }
    }

    public var isFloatingPoint: Bool { self == .float32 || self == .float64 }

    public var description: String { rawValue }

    /// The Swift type of the elements.
    package var scalarType: any Scalar.Type {
        switch self {
        case .float32: Float.self
        case .float64: Double.self
        case .int32: Int32.self
        case .int64: Int64.self
        case .int8: Int8.self
        case .uint8: UInt8.self
        case .bool: Bool.self
        }
    }

    /// The Swift type of the elements, for an operation on numbers. Traps for bool.
    package func numberType(for operation: String) -> any NumberScalar.Type {
        switch self {
        case .float32: Float.self
        case .float64: Double.self
        case .int32: Int32.self
        case .int64: Int64.self
        case .int8: Int8.self
        case .uint8: UInt8.self
        case .bool: fail("\(operation): the tensor is bool, expected numbers; cast it first")
        }
    }

    /// The Swift type of the elements, for an operation on real numbers. Traps for integers and bool.
    package func realType(for operation: String) -> any RealScalar.Type {
        switch self {
        case .float32: Float.self
        case .float64: Double.self
        case .int32, .int64, .int8, .uint8, .bool:
            fail("\(operation): the tensor is \(self), expected float32 or float64; cast it first")
        }
    }
}

/// A Swift type that a tensor can hold.
public protocol Scalar: BitwiseCopyable, Equatable, Sendable {
    static var dtype: DType { get }
}

/// A Swift number that a tensor can hold: everything but `Bool`.
package protocol NumberScalar: Scalar, KernelNumber {}

/// A Swift floating-point number that a tensor can hold.
package protocol RealScalar: NumberScalar, KernelReal {}

extension Float: RealScalar { public static var dtype: DType { .float32 } }
extension Double: RealScalar { public static var dtype: DType { .float64 } }
extension Int32: NumberScalar { public static var dtype: DType { .int32 } }
extension Int64: NumberScalar { public static var dtype: DType { .int64 } }
extension Int8: NumberScalar { public static var dtype: DType { .int8 } }
extension UInt8: NumberScalar { public static var dtype: DType { .uint8 } }
extension Bool: Scalar { public static var dtype: DType { .bool } }
