import CitiusAutograd
import CitiusConfiguration
import CitiusPlatform
import CitiusTensor

/// How a parameter's first values are drawn.
///
/// ```swift
/// Dense(64, activation: .relu, kernelInitializer: .heNormal)
/// Dense(1, biasInitializer: Initializer("prior") { shape, dtype, _ in Tensor(ones: shape, dtype: dtype) * -4.6 })
/// ```
///
/// Initializers of the library are static members. One of your own is a function with a name, or, if it has arguments
/// that a saved model should keep, a type of its own: see `InitializerKind`.
public struct Initializer: Sendable, Codable {
    /// Which initializer it is, with its arguments; nil if it was made from a function.
    public let kind: (any InitializerKind)?
    /// What messages and saved models call it.
    public let name: String
    private let function: @Sendable (Shape, DType, inout RandomGenerator) -> Tensor

    /// Traps if the kind has a fault.
    public init(_ kind: some InitializerKind) {
        if let fault = kind.fault { fail("\(type(of: kind).className): \(fault)") }
        self.kind = kind
        name = type(of: kind).className
        function = { kind($0, dtype: $1, generator: &$2) }
    }

    /// An initializer of your own. A model that uses it can be loaded where a function of this name is named to the
    /// loader.
    ///
    /// - Parameter function: given shape and dtype, it returns the values.
    public init(
        _ name: String = "initializer",
        _ function: @escaping @Sendable (Shape, DType, inout RandomGenerator) -> Tensor
    ) {
        kind = nil
        self.name = name
        self.function = function
    }

    /// The first values of a parameter of this shape and dtype.
    public func callAsFunction(
        _ shape: Shape, dtype: DType = .float32, generator: inout RandomGenerator
    ) -> Tensor {
        function(shape, dtype, &generator)
    }

    public init(from decoder: any Decoder) throws {
        self = try ConfigurationEnvelope.decode(
            (any InitializerKind.Type).self, called: "initializer", from: decoder
        ) { type, configuration in
            let kind = try type.init(from: configuration)
            try configuration.refuse(kind.fault)
            return Initializer(kind)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        guard let kind else { return try ConfigurationEnvelope.encode(functionNamed: name, to: encoder) }
        try ConfigurationEnvelope.encode(kind, to: encoder)
    }
}

/// An initializer as a value: its stored properties are its configuration.
///
/// ```swift
/// struct Checkerboard: InitializerKind {
///     let amplitude: Double
///
///     func callAsFunction(_ shape: Shape, dtype: DType, generator: inout RandomGenerator) -> Tensor {
///         let numbers = Tensor(range: 0..<shape.count).cast(to: dtype)
///         return ((numbers * .pi).cos() * amplitude).reshaped(to: shape)
///     }
/// }
/// Dense(8, kernelInitializer: Initializer(Checkerboard(amplitude: 0.1)))
/// ```
public protocol InitializerKind: Configurable {
    /// What is wrong with its arguments, in words that follow its name; nil if nothing is.
    var fault: String? { get }
    /// The first values of a parameter of this shape and dtype. Random ones are drawn from the generator alone.
    func callAsFunction(_ shape: Shape, dtype: DType, generator: inout RandomGenerator) -> Tensor
}

extension InitializerKind {
    public var fault: String? { nil }
}

extension Initializer {
    /// Keras's seed of a single initializer, written as null. A file's own is read and not used: here all parameters
    /// are drawn from the model's random stream, whose numbers are not Keras's.
    struct Seed: Codable, Sendable {}
}

extension KeyedDecodingContainer {
    func decode(_ type: Initializer.Seed.Type, forKey key: Key) -> Initializer.Seed { Initializer.Seed() }
}

extension KeyedEncodingContainer {
    mutating func encode(_ seed: Initializer.Seed, forKey key: Key) throws { try encodeNil(forKey: key) }
}
