import CitiusConfiguration
import CitiusPlatform

/// An optimizer that can be saved with a model: it says what its formula's numbers are, and can be made from them.
///
/// ```swift
/// final class SignDescent: Optimizer, ConfigurableOptimizer {
///     struct Hyperparameters: OptimizerHyperparameters { var threshold: Double }
///     let hyperparameters: Hyperparameters
///
///     init(_ hyperparameters: Hyperparameters, options: OptimizerOptions) {
///         self.hyperparameters = hyperparameters
///         super.init(options: options)
///     }
///
///     override func update(_ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep) {
///         let isLarge = (gradient.abs() .> self.threshold).cast(to: gradient.dtype)
///         value -= gradient.sign() * isLarge * step.learningRate
///     }
/// }
/// ```
///
/// The hyperparameters can be read from the optimizer itself: `adam.beta1`.
@dynamicMemberLookup
public protocol ConfigurableOptimizer: Optimizer {
    /// The numbers of the formula.
    associatedtype Hyperparameters: OptimizerHyperparameters = NoHyperparameters
    /// Keras's name of the type; by default the Swift type's.
    static var className: String { get }
    /// Keras's module, `keras.optimizers`; nil for types that Keras does not have.
    static var module: String? { get }
    var hyperparameters: Hyperparameters { get }
    init(_ hyperparameters: Hyperparameters, options: OptimizerOptions)
}

/// The numbers of an optimizer's formula; what `Codable` sees of them are Keras's configuration keys in Swift's spelling.
public protocol OptimizerHyperparameters: Codable, Sendable {
    /// What is wrong with them, `beta1 is 2, expected 0..<1`; nil if nothing is. A file with such numbers is refused.
    var problem: String? { get }
}

extension OptimizerHyperparameters {
    public var problem: String? { nil }
}

/// The sentence of the first condition that is not met.
func firstProblem(_ checks: (isMet: Bool, sentence: String)...) -> String? {
    checks.first { !$0.isMet }?.sentence
}

/// Traps if something is wrong with an optimizer's numbers.
func require(_ hyperparameters: some OptimizerHyperparameters, of optimizer: String) {
    if let problem = hyperparameters.problem { fail("\(optimizer): \(problem)") }
}

/// For formulas without numbers of their own.
public struct NoHyperparameters: OptimizerHyperparameters {
    public init() {}
}

extension ConfigurableOptimizer {
    public static var className: String { "\(Self.self)" }
    public static var module: String? { nil }

    /// What a saved model holds of an optimizer of this type.
    public typealias Configuration = OptimizerConfiguration<Self>

    public subscript<Value>(dynamicMember path: KeyPath<Hyperparameters, Value>) -> Value {
        hyperparameters[keyPath: path]
    }

    /// What describes this optimizer, with the learning rate of now. The state is apart: see `state(for:)`.
    public var configuration: Configuration {
        var options = options
        options.learningRate = learningRateSchedule
        return Configuration(hyperparameters, options: options)
    }

    /// An optimizer of this description. Traps if a number is out of range.
    public init(configuration: Configuration) {
        self.init(configuration.hyperparameters, options: configuration.options)
    }
}

/// A description of an optimizer as a value: a member of the loader's table.
public protocol OptimizerKind: Configurable {
    func makeOptimizer() -> Optimizer
}

/// What describes an optimizer: the options that all have and the hyperparameters of its own, in Keras's keys side by
/// side.
@dynamicMemberLookup
public struct OptimizerConfiguration<Described: ConfigurableOptimizer>: OptimizerKind {
    public var options: OptimizerOptions
    public var hyperparameters: Described.Hyperparameters

    public static var className: String { Described.className }
    public static var module: String? { Described.module }

    public init(_ hyperparameters: Described.Hyperparameters, options: OptimizerOptions) {
        self.options = options
        self.hyperparameters = hyperparameters
    }

    public func makeOptimizer() -> Optimizer { Described(configuration: self) }

    public subscript<Value>(
        dynamicMember path: WritableKeyPath<Described.Hyperparameters, Value>
    ) -> Value {
        get { hyperparameters[keyPath: path] }
        set { hyperparameters[keyPath: path] = newValue }
    }

    public init(from decoder: any Decoder) throws {
        options = try OptimizerOptions(from: decoder)
        hyperparameters = try Described.Hyperparameters(from: decoder)
        if let problem = hyperparameters.problem ?? options.problem {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath, debugDescription: "\(Described.className): \(problem)"))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        try options.encode(to: encoder)
        try hyperparameters.encode(to: encoder)
    }
}

/// An optimizer in Keras's envelope: `{"module", "class_name", "config", "registered_name"}`.
public struct OptimizerEnvelope: Codable {
    public let optimizer: Optimizer

    public init(_ optimizer: Optimizer) { self.optimizer = optimizer }

    /// - Throws: a `DecodingError` if the loader knows no optimizer of that name.
    public init(from decoder: any Decoder) throws {
        optimizer = try ConfigurationEnvelope.decode(
            (any OptimizerKind.Type).self, called: "optimizer", from: decoder
        ) { type, configuration in try type.init(from: configuration).makeOptimizer() }
    }

    /// - Throws: an `EncodingError` if the optimizer or its schedule does not describe itself.
    public func encode(to encoder: any Encoder) throws {
        func write(_ kind: some OptimizerKind) throws { try ConfigurationEnvelope.encode(kind, to: encoder) }
        try write(optimizer.description(at: encoder.codingPath))
    }
}

extension Optimizer {
    /// What describes this optimizer.
    ///
    /// - Parameter path: where it stands in what is written.
    /// - Throws: an `EncodingError` if it does not describe itself.
    final func description(at path: [any CodingKey]) throws -> any OptimizerKind {
        func fault(_ sentence: String) -> EncodingError {
            .invalidValue(self, EncodingError.Context(codingPath: path, debugDescription: sentence))
        }
        if let optimizer = self as? MultiOptimizer {
            guard let configuration = try optimizer.configuration(at: path) else {
                throw fault(
                    "a MultiOptimizer that is made from a closure cannot be saved; make it from an OptimizerMap"
                )
            }
            return configuration
        }
        guard let optimizer = self as? any ConfigurableOptimizer else {
            throw fault(
                "the optimizer \(type(of: self)) does not describe itself; make it a ConfigurableOptimizer")
        }
        func kind(of optimizer: some ConfigurableOptimizer) -> any OptimizerKind { optimizer.configuration }
        return kind(of: optimizer)
    }
}
