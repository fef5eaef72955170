import CitiusPlatform

/// An element that kernels can move, compare for equality and pass between threads.
package typealias KernelScalar = BitwiseCopyable & Equatable & Sendable

/// An element with ordered arithmetic: every dtype but bool.
///
/// Integer arithmetic wraps around on overflow, as NumPy's does; `quotient` by an integer zero traps.
package protocol KernelNumber: KernelScalar, Comparable {
    static var zero: Self { get }
    static var one: Self { get }
    static func sum(_ a: Self, _ b: Self) -> Self
    static func difference(_ a: Self, _ b: Self) -> Self
    static func product(_ a: Self, _ b: Self) -> Self
    static func quotient(_ a: Self, _ b: Self) -> Self
    init(converting value: Double)
    init(converting value: Int64)
    var asDouble: Double { get }
    var asInt64: Int64 { get }
}

/// A floating-point element: `Float` for training, `Double` for sharp checks.
package protocol KernelReal: KernelNumber, BinaryFloatingPoint {
    static func exp(_ x: Self) -> Self
    static func log(_ x: Self) -> Self
    static func log1p(_ x: Self) -> Self
    static func tanh(_ x: Self) -> Self
    static func erf(_ x: Self) -> Self
    static func sin(_ x: Self) -> Self
    static func cos(_ x: Self) -> Self
    static func pow(_ x: Self, _ y: Self) -> Self
}

extension KernelNumber where Self: FixedWidthInteger {
    @inlinable package static var one: Self { 1 }
    @inlinable package static func sum(_ a: Self, _ b: Self) -> Self { a &+ b }
    @inlinable package static func difference(_ a: Self, _ b: Self) -> Self { a &- b }
    @inlinable package static func product(_ a: Self, _ b: Self) -> Self { a &* b }
    @inlinable package static func quotient(_ a: Self, _ b: Self) -> Self { a / b }
    /// Truncates towards zero and saturates at the type's bounds; NaN becomes zero.
    @inlinable package init(converting value: Double) {
        if value.isNaN {
            self = 0
        } else if value >= Double(Self.max) {
            self = Self.max
        } else if value <= Double(Self.min) {
            self = Self.min
        } else {
            self = Self(value)
        }
    }
    @inlinable package init(converting value: Int64) { self = Self(truncatingIfNeeded: value) }
    @inlinable package var asDouble: Double { Double(self) }
    @inlinable package var asInt64: Int64 { Int64(truncatingIfNeeded: self) }
}

extension Int32: KernelNumber {}
extension Int64: KernelNumber {}
extension Int8: KernelNumber {}
extension UInt8: KernelNumber {}

extension KernelNumber where Self: BinaryFloatingPoint {
    @inlinable package static var one: Self { 1 }
    @inlinable package static func sum(_ a: Self, _ b: Self) -> Self { a + b }
    @inlinable package static func difference(_ a: Self, _ b: Self) -> Self { a - b }
    @inlinable package static func product(_ a: Self, _ b: Self) -> Self { a * b }
    @inlinable package static func quotient(_ a: Self, _ b: Self) -> Self { a / b }
    @inlinable package init(converting value: Double) { self = Self(value) }
    @inlinable package init(converting value: Int64) { self = Self(value) }
    @inlinable package var asDouble: Double { Double(self) }
    @inlinable package var asInt64: Int64 { Int64(converting: Double(self)) }
}

extension Float: KernelReal {
    @inlinable package static func exp(_ x: Float) -> Float { expf(x) }
    @inlinable package static func log(_ x: Float) -> Float { logf(x) }
    @inlinable package static func log1p(_ x: Float) -> Float { log1pf(x) }
    @inlinable package static func tanh(_ x: Float) -> Float { tanhf(x) }
    @inlinable package static func erf(_ x: Float) -> Float { erff(x) }
    @inlinable package static func sin(_ x: Float) -> Float { sinf(x) }
    @inlinable package static func cos(_ x: Float) -> Float { cosf(x) }
    @inlinable package static func pow(_ x: Float, _ y: Float) -> Float { powf(x, y) }
}

extension Double: KernelReal {
    @inlinable package static func exp(_ x: Double) -> Double { CitiusPlatform.exp(x) }
    @inlinable package static func log(_ x: Double) -> Double { CitiusPlatform.log(x) }
    @inlinable package static func log1p(_ x: Double) -> Double { CitiusPlatform.log1p(x) }
    @inlinable package static func tanh(_ x: Double) -> Double { CitiusPlatform.tanh(x) }
    @inlinable package static func erf(_ x: Double) -> Double { CitiusPlatform.erf(x) }
    @inlinable package static func sin(_ x: Double) -> Double { CitiusPlatform.sin(x) }
    @inlinable package static func cos(_ x: Double) -> Double { CitiusPlatform.cos(x) }
    @inlinable package static func pow(_ x: Double, _ y: Double) -> Double { CitiusPlatform.pow(x, y) }
}
