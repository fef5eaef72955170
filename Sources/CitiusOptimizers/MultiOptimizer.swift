import CitiusAutograd
import CitiusConfiguration
import CitiusPlatform
import CitiusTensor

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
        weak var parameter: Parameter?
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
        if let known = assignments[ObjectIdentifier(parameter)], known.parameter === parameter,
            known.path == parameter.path
        {
            return known.optimizer
        }
        assignments = assignments.filter { $0.value.parameter != nil }
        let optimizer = select(parameter)
        require(!optimizer.isComposed, "MultiOptimizer: a MultiOptimizer cannot be one of its optimizers")
        if !optimizers.contains(where: { $0 === optimizer }) { optimizers.append(optimizer) }
        assignments[ObjectIdentifier(parameter)] = Assignment(
            parameter: parameter, path: parameter.path, optimizer: optimizer)
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

/// Which optimizer changes which parameter, by the parameter's path. Follows `keras.optimizers.OptimizerMap`.
///
/// ```swift
/// var map = OptimizerMap(defaultOptimizer: RMSprop())
/// map["decoder/dense/kernel"] = Adam()
/// map["encoder/.*"] = SGD()
/// ```
///
/// A key is the path of one parameter, `encoder/dense/kernel`, or a regular expression that the whole path is to match:
/// `encoder/.*` takes all parameters of the layer `encoder`, and `encoder` none. A path that is a key is that key's; any
/// other must match one expression at most, and is the default's if it matches none.
///
/// Paths are as `Layer.namedParameters` has them. Keras's of a `Sequential` may begin with the model's own name, those
/// here never do.
public struct OptimizerMap {
    static let className = "OptimizerMap"

    /// For the parameters that no key takes.
    public let defaultOptimizer: Optimizer
    /// The keys and their optimizers, in the order in which they were given.
    public private(set) var entries: [(pattern: String, optimizer: Optimizer)] = []

    /// - Parameters:
    ///   - defaultOptimizer: for the parameters that no key takes.
    ///   - optimizers: by paths or expressions for paths.
    ///
    /// Traps if a key occurs twice.
    public init(defaultOptimizer: Optimizer, _ optimizers: KeyValuePairs<String, Optimizer> = [:]) {
        self.defaultOptimizer = defaultOptimizer
        for (pattern, optimizer) in optimizers { self[pattern] = optimizer }
    }

    init(defaultOptimizer: Optimizer, entries: [(pattern: String, optimizer: Optimizer)]) {
        self.defaultOptimizer = defaultOptimizer
        self.entries = entries
    }

    /// The optimizer of the parameter at a path. Setting it gives a path, or an expression for paths, to an optimizer.
    ///
    /// Traps when read if several expressions match the path, and when set if the key is there already.
    public subscript(path: String) -> Optimizer {
        get {
            switch match(path) {
            case .success(let optimizer): optimizer
            case .failure(let fault): fail("OptimizerMap: \(fault.description)")
            }
        }
        set {
            require(
                !entries.contains { $0.pattern == path }, "OptimizerMap: the key \"\(path)\" is there already"
            )
            entries.append((path, newValue))
        }
    }

    /// What is wrong with it; nil if nothing is.
    public var fault: String? {
        for (pattern, optimizer) in entries {
            if optimizer.isComposed { return "a MultiOptimizer cannot be one of its optimizers" }
            do { _ = try Regex(pattern) } catch {
                return "\"\(pattern)\" is neither a path nor a regular expression: \(error)"
            }
        }
        return defaultOptimizer.isComposed ? "a MultiOptimizer cannot be one of its optimizers" : nil
    }

    struct Fault: Error, CustomStringConvertible { let description: String }

    func match(_ path: String) -> Result<Optimizer, Fault> {
        if let exact = entries.first(where: { $0.pattern == path }) { return .success(exact.optimizer) }
        let matching = entries.filter { entry in
            (try? Regex(entry.pattern).wholeMatch(in: path)).flatMap { $0 } != nil
        }
        guard matching.count > 1 else { return .success(matching.first?.optimizer ?? defaultOptimizer) }
        let patterns = matching.map { "\"\($0.pattern)\"" }.joined(separator: ", ")
        return .failure(
            Fault(description: "the parameter \(path) matches several of the map's keys: \(patterns)"))
    }

    /// The map as a value.
    struct Configuration: Configurable {
        static let className = OptimizerMap.className
        static let module: String? = "keras.optimizers"

        let defaultOptimizer: any OptimizerKind
        let entries: [(pattern: String, optimizer: any OptimizerKind)]

        /// A map of new optimizers.
        var map: OptimizerMap {
            OptimizerMap(
                defaultOptimizer: defaultOptimizer.makeOptimizer(),
                entries: entries.map { ($0.pattern, $0.optimizer.makeOptimizer()) })
        }

        /// Keys are kept as they are written, which those of properties would not be.
        private struct Pattern: CodingKey {
            let stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        private enum CodingKeys: CodingKey { case defaultOptimizer, optimizerMap }

        init(defaultOptimizer: any OptimizerKind, entries: [(pattern: String, optimizer: any OptimizerKind)])
        {
            self.defaultOptimizer = defaultOptimizer
            self.entries = entries
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            defaultOptimizer = try container.decode(Described.self, forKey: .defaultOptimizer).kind
            let json = try container.decode(JSON.self, forKey: .optimizerMap)
            guard let object = json.object else {
                throw DecodingError.dataCorruptedError(
                    forKey: .optimizerMap, in: container,
                    debugDescription: "expected optimizers by their keys")
            }
            let userInfo = [CodingUserInfoKey.configurationTypes: decoder.configurationTypes]
            entries = try zip(object.keys, object.values).map { pattern, value in
                (pattern, try value.decoded(as: Described.self, userInfo: userInfo).kind)
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(Described(kind: defaultOptimizer), forKey: .defaultOptimizer)
            var object = JSON.Object()
            for (pattern, kind) in entries { object[pattern] = try JSON(encoding: Described(kind: kind)) }
            try container.encode(JSON.object(object), forKey: .optimizerMap)
        }

        /// A description in its envelope.
        private struct Described: Codable {
            let kind: any OptimizerKind

            init(kind: any OptimizerKind) { self.kind = kind }

            init(from decoder: any Decoder) throws {
                kind = try ConfigurationEnvelope.decode(
                    (any OptimizerKind.Type).self, called: "optimizer", from: decoder
                ) { type, configuration in try type.init(from: configuration) }
            }

            func encode(to encoder: any Encoder) throws {
                try ConfigurationEnvelope.encode(kind, to: encoder)
            }
        }
    }
}
