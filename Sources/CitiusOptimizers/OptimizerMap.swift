import CitiusConfiguration
import CitiusPlatform

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
