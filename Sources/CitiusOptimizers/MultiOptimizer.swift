import CitiusAutograd
import CitiusConfiguration
import CitiusPlatform

/// Leaves each parameter to one of several optimizers. Follows `keras.optimizers.MultiOptimizer`.
///
/// ```swift
/// model.compile(
///     optimizer: MultiOptimizer(
///         OptimizerMap(defaultOptimizer: SGD(learningRate: 0.01), ["encoder/.*": Adam(learningRate: 1e-4)])),
///     loss: .meanSquaredError)
/// ```
///
/// Each optimizer keeps its own learning rate, decay, clipping, averages and count of steps; it clips by the norm of its
/// own parameters' gradients. This one has no learning rate: reading or setting it traps, and callbacks that set it
/// refuse the model. Change the rates of `optimizers`.
///
/// A model's file holds the optimizers and their states where a map assigns them; a closure cannot be saved.
public final class MultiOptimizer: Optimizer {
    /// Those that change parameters: the map's in their order, then its default; those that a closure gives in the order
    /// of their first parameters.
    public private(set) var optimizers: [Optimizer]
    /// What assigns the parameters; nil if a closure does.
    public let map: OptimizerMap?

    private let select: (Parameter) -> Optimizer
    private var assignments: [ObjectIdentifier: Assignment] = [:]

    /// Who changes a parameter, for as long as it lives and has this path.
    private struct Assignment {
        weak var lifetime: Parameter.Lifetime?
        let path: String
        let optimizer: Optimizer
    }

    /// Assigns parameters by their paths. Traps if the map has a fault, `OptimizerMap.fault`.
    public init(_ map: OptimizerMap, name: String? = nil) {
        if let fault = map.fault { fail("MultiOptimizer: \(fault)") }
        self.map = map
        optimizers = Self.each(of: map.entries.map { $0.optimizer } + [map.defaultOptimizer])
        select = { parameter in
            switch map.match(parameter.path) {
            case .success(let optimizer): optimizer
            case .failure(let fault): fail("MultiOptimizer: \(fault.description)")
            }
        }
        super.init(options: OptimizerOptions(learningRate: 0.0, name: name))
    }

    /// Assigns parameters by a closure, which is asked once for each.
    ///
    /// ```swift
    /// let (slow, fast) = (SGD(learningRate: 1e-4), SGD(learningRate: 0.1))
    /// let optimizer = MultiOptimizer { $0.path.hasPrefix("head/") ? fast : slow }
    /// ```
    public init(name: String? = nil, _ select: @escaping (Parameter) -> Optimizer) {
        map = nil
        optimizers = []
        self.select = select
        super.init(options: OptimizerOptions(learningRate: 0.0, name: name))
    }

    private static func each(of optimizers: [Optimizer]) -> [Optimizer] {
        var seen: Set<ObjectIdentifier> = []
        return optimizers.filter { seen.insert(ObjectIdentifier($0)).inserted }
    }

    package override var parts: [Optimizer] { optimizers }

    package override var isComposed: Bool { true }

    package override func part(for parameter: Parameter) -> Optimizer {
        if let known = assignments[ObjectIdentifier(parameter)], known.lifetime === parameter.lifetime,
            known.path == parameter.path
        {
            return known.optimizer
        }
        assignments = assignments.filter { $0.value.lifetime != nil }
        let optimizer = select(parameter)
        require(!optimizer.isComposed, "MultiOptimizer: a MultiOptimizer cannot be one of its optimizers")
        if !optimizers.contains(where: { $0 === optimizer }) { optimizers.append(optimizer) }
        assignments[ObjectIdentifier(parameter)] = Assignment(
            lifetime: parameter.lifetime, path: parameter.path, optimizer: optimizer)
        return optimizer
    }

    package override func update(_ parameters: [Parameter], gradients: [ParameterGradient]) {
        require(
            parameters.count == gradients.count,
            "MultiOptimizer: \(gradients.count) gradients for \(parameters.count) parameters")
        guard !parameters.isEmpty else { return }
        let chosen = parameters.map { ObjectIdentifier(part(for: $0)) }
        for optimizer in optimizers {
            let own = parameters.indices.filter { chosen[$0] == ObjectIdentifier(optimizer) }
            optimizer.update(own.map { parameters[$0] }, gradients: own.map { gradients[$0] })
        }
        calls += 1
    }

    package override func fault(ofParametersAt paths: [String]) -> String? {
        guard let map else { return nil }
        for path in paths {
            if case .failure(let fault) = map.match(path) { return fault.description }
        }
        return nil
    }

    /// What describes this optimizer; nil if a closure assigns the parameters.
    ///
    /// - Throws: an `EncodingError` if one of the optimizers does not describe itself.
    func configuration(at path: [any CodingKey]) throws -> Configuration? {
        guard let map else { return nil }
        return Configuration(
            name: options.name,
            optimizerMap: OptimizerMap.Configuration(
                defaultOptimizer: try map.defaultOptimizer.description(at: path),
                entries: try map.entries.map { ($0.pattern, try $0.optimizer.description(at: path)) }))
    }

    /// What a saved model holds of an optimizer of this type.
    public struct Configuration: OptimizerKind {
        public static let className = "MultiOptimizer"
        public static let module: String? = "keras.optimizers"

        var name: String?
        var optimizerMap: OptimizerMap.Configuration
        /// Kept for Keras's files; see `OptimizerOptions.lossScaleFactor`.
        var lossScaleFactor: Double?

        enum CodingKeys: CodingKey { case optimizerMap, lossScaleFactor, name }

        init(name: String?, optimizerMap: OptimizerMap.Configuration) {
            self.name = name
            self.optimizerMap = optimizerMap
        }

        public func makeOptimizer() -> Optimizer { MultiOptimizer(optimizerMap.map, name: name) }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            let mapDecoder = try container.superDecoder(forKey: .optimizerMap)
            let envelope = try mapDecoder.container(keyedBy: ConfigurationEnvelope.Keys.self)
            guard try envelope.decodeIfPresent(String.self, forKey: .className) == OptimizerMap.className
            else {
                throw DecodingError.dataCorruptedError(
                    forKey: .optimizerMap, in: container,
                    debugDescription:
                        "MultiOptimizer: expected an OptimizerMap, since a closure cannot be read")
            }
            optimizerMap = try envelope.decode(OptimizerMap.Configuration.self, forKey: .config)
            lossScaleFactor = try container.decodeIfPresent(Double.self, forKey: .lossScaleFactor)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            try decoder.refuse(optimizerMap.map.fault.map { "MultiOptimizer: \($0)" })
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try ConfigurationEnvelope.encode(optimizerMap, to: container.superEncoder(forKey: .optimizerMap))
            try container.encode(lossScaleFactor, forKey: .lossScaleFactor)
            try container.encode(name, forKey: .name)
        }
    }
}
