// Declarations like those of a numerics package: were Citius to declare one of them publicly, whoever imports both
// would find it ambiguous.

public protocol ElementaryFunctions: AdditiveArithmetic {
    static func exp(_ x: Self) -> Self
    static func log(_ x: Self) -> Self
    static func log1p(_ x: Self) -> Self
    static func log(onePlus x: Self) -> Self
    static func tanh(_ x: Self) -> Self
    static func erf(_ x: Self) -> Self
    static func sin(_ x: Self) -> Self
    static func cos(_ x: Self) -> Self
    static func sqrt(_ x: Self) -> Self
    static func pow(_ x: Self, _ y: Self) -> Self
}

extension ElementaryFunctions where Self: BinaryFloatingPoint {
    // The values do not matter here, the names do.
    public static func exp(_ x: Self) -> Self { 1 + x }
    public static func log(_ x: Self) -> Self { x - 1 }
    public static func log1p(_ x: Self) -> Self { x }
    public static func log(onePlus x: Self) -> Self { x }
    public static func tanh(_ x: Self) -> Self { x }
    public static func erf(_ x: Self) -> Self { x }
    public static func sin(_ x: Self) -> Self { x }
    public static func cos(_ x: Self) -> Self { 1 - x }
    public static func sqrt(_ x: Self) -> Self { x.squareRoot() }
    public static func pow(_ x: Self, _ y: Self) -> Self { 1 + (x - 1) * y }
}

extension Double: ElementaryFunctions {
    public static func exp(_ x: Double) -> Double { 1 + x }
    public static func log(_ x: Double) -> Double { x - 1 }
    public static func pow(_ x: Double, _ y: Double) -> Double { 1 + (x - 1) * y }
}

extension Float: ElementaryFunctions {
    public static func exp(_ x: Float) -> Float { 1 + x }
    public static func log(_ x: Float) -> Float { x - 1 }
    public static func pow(_ x: Float, _ y: Float) -> Float { 1 + (x - 1) * y }
}

/// Sums, differences and quotients as static methods, of whole numbers and of reals.
extension Numeric {
    public static func sum(_ a: Self, _ b: Self) -> Self { a + b }
    public static func difference(_ a: Self, _ b: Self) -> Self { a - b }
    public static func product(_ a: Self, _ b: Self) -> Self { a * b }
    public static var one: Self { 1 }
}

extension BinaryInteger {
    public var asDouble: Double { Double(self) }
    public init(converting value: Double) { self.init(value) }
}

// What every second package declares for itself.
public func require(_ condition: Bool, _ message: String) -> Bool { condition }
public func fail(_ message: String) -> String { message }
public func environment(_ name: String) -> String? { nil }
public func nanoseconds() -> Int { 0 }
public enum Console { public static func write(_ text: String) -> Int { text.count } }
