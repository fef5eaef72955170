import CitiusConfiguration
import CitiusPlatform

/// A penalty on a parameter's size that training adds to the loss.
///
/// ```swift
/// Dense(64, kernelRegularizer: .l2(0.01))
/// Dense(64, kernelRegularizer: Regularizer("quartic") { $0.squared().squared().sum() * 0.01 })
/// ```
///
/// Regularizers of the library are static members. One of your own is a function with a name, or, if it has
/// arguments that a saved model should keep, a type of its own: see `RegularizerKind`.
public struct Regularizer: Sendable, Codable {
    /// Which regularizer it is, with its arguments; nil if it was made from a function.
    public let kind: (any RegularizerKind)?
    /// What messages and saved models call it.
    public let name: String
    private let function: @Sendable (Variable) -> Variable

    /// Traps if the kind has a fault.
    public init(_ kind: some RegularizerKind) {
        if let fault = kind.fault { fail("\(type(of: kind).className): \(fault)") }
        self.kind = kind
        name = type(of: kind).className
        function = { kind($0) }
    }

    /// A regularizer of your own. A model that uses it can be loaded where a function of this name is named to the
    /// loader.
    ///
    /// - Parameter function: from a parameter of any shape to a scalar.
    public init(_ name: String, _ function: @escaping @Sendable (_ parameter: Variable) -> Variable) {
        kind = nil
        self.name = name
        self.function = function
    }

    /// The penalty, a scalar.
    public func callAsFunction(_ parameter: Variable) -> Variable { function(parameter) }

    public init(from decoder: any Decoder) throws {
        self = try ConfigurationEnvelope.decode(
            (any RegularizerKind.Type).self, called: "regularizer", from: decoder
        ) { type, configuration in
            let kind = try type.init(from: configuration)
            try configuration.refuse(kind.fault)
            return Regularizer(kind)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        guard let kind else { return try ConfigurationEnvelope.encode(functionNamed: name, to: encoder) }
        try ConfigurationEnvelope.encode(kind, to: encoder)
    }
}

/// A regularizer as a value: its stored properties are its configuration.
public protocol RegularizerKind: Configurable {
    /// What is wrong with its arguments, in words that follow its name; nil if nothing is.
    var fault: String? { get }
    /// The penalty, a scalar, for a parameter of any shape.
    func callAsFunction(_ parameter: Variable) -> Variable
}

extension RegularizerKind {
    public var fault: String? { nil }
}
