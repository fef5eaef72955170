import CitiusConfiguration
import CitiusPlatform
import CitiusTensor

/// What a parameter's value must satisfy: after each training step the value is replaced by the nearest one that does.
///
/// ```swift
/// Dense(64, kernelConstraint: .maxNorm(2))
/// Dense(64, kernelConstraint: Constraint("bounded") { $0.clamped(to: -1...1) })
/// ```
///
/// Constraints of the library are static members. One of your own is a function with a name, or, if it has arguments
/// that a saved model should keep, a type of its own: see `ConstraintKind`.
public struct Constraint: Sendable, Codable {
    /// Which constraint it is, with its arguments; nil if it was made from a function.
    public let kind: (any ConstraintKind)?
    /// What messages and saved models call it.
    public let name: String
    private let function: @Sendable (Tensor) -> Tensor

    /// Traps if the kind has a fault.
    public init(_ kind: some ConstraintKind) {
        if let fault = kind.fault { fail("\(type(of: kind).className): \(fault)") }
        self.kind = kind
        name = type(of: kind).className
        function = { kind($0) }
    }

    /// A constraint of your own. A model that uses it can be loaded where a function of this name is named to the
    /// loader.
    ///
    /// - Parameter function: from a parameter's value to one of the same shape.
    public init(_ name: String, _ function: @escaping @Sendable (_ value: Tensor) -> Tensor) {
        kind = nil
        self.name = name
        self.function = function
    }

    /// The value that satisfies the constraint, of the same shape.
    public func callAsFunction(_ value: Tensor) -> Tensor { function(value) }

    public init(from decoder: any Decoder) throws {
        self = try ConfigurationEnvelope.decode(
            (any ConstraintKind.Type).self, called: "constraint", from: decoder
        ) { type, configuration in
            let kind = try type.init(from: configuration)
            try configuration.refuse(kind.fault)
            return Constraint(kind)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        guard let kind else { return try ConfigurationEnvelope.encode(functionNamed: name, to: encoder) }
        try ConfigurationEnvelope.encode(kind, to: encoder)
    }
}

/// A constraint as a value: its stored properties are its configuration.
public protocol ConstraintKind: Configurable {
    /// What is wrong with its arguments, in words that follow its name; nil if nothing is.
    var fault: String? { get }
    /// The value that satisfies the constraint, of the same shape.
    func callAsFunction(_ value: Tensor) -> Tensor
}

extension ConstraintKind {
    public var fault: String? { nil }
}
