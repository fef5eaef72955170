import CitiusPlatform

/// A value that describes itself in Keras's serialization schema and can be made from such a description.
///
/// What `Codable` sees of it are Keras's configuration keys in Swift's spelling: `standardDeviation` would be
/// `standard_deviation`, so a property whose Keras key differs names it in its `CodingKeys`. Described, the value
/// reads
///
/// ```json
/// {"module": "keras.initializers", "class_name": "RandomNormal", "config": {"mean": 0.0, "stddev": 0.05},
///  "registered_name": null}
/// ```
///
/// A type of your own takes part by being named to whatever loads: see `ConfigurationTypes`.
public protocol Configurable: ConfigurationNamed, Codable, Sendable {}

/// A type that files know by a name.
public protocol ConfigurationNamed: SendableMetatype {
    /// Keras's name of the type; by default the Swift type's.
    static var className: String { get }
    /// Other names under which files know the type, of older versions of Keras for instance.
    static var aliases: [String] { get }
    /// Keras's module, `keras.initializers`; nil for types that Keras does not have.
    static var module: String? { get }
}

extension ConfigurationNamed {
    public static var className: String { "\(Self.self)" }
    public static var aliases: [String] { [] }
    public static var module: String? { nil }
}

/// The types that a loader knows by their class names, and the functions that it knows by theirs.
///
/// Two families may use one name, as Keras's initializer `Identity` and its layer do: a lookup says which family it
/// is for.
public struct ConfigurationTypes: Sendable {
    private var types: [String: [any ConfigurationNamed.Type]] = [:]
    private var functions: [String: [any Sendable]] = [:]

    public init(_ types: [any ConfigurationNamed.Type] = []) { add(types) }

    /// Adds types; one of a family and name that are known already takes their place.
    public mutating func add(_ newTypes: [any ConfigurationNamed.Type]) {
        for type in newTypes {
            for name in [type.className] + type.aliases { types[name, default: []].insert(type, at: 0) }
        }
    }

    /// These and further types of your own.
    public func adding(_ newTypes: any ConfigurationNamed.Type...) -> ConfigurationTypes {
        var types = self
        types.add(newTypes)
        return types
    }

    /// The type of this name within a family, `any RegularizerKind.Type` for instance.
    public func type<Family>(named name: String, in family: Family.Type = Family.self) -> Family? {
        types[name]?.lazy.compactMap { $0 as? Family }.first
    }

    /// Adds a function of your own under the name that it is saved by: an activation, or an initializer made from a
    /// closure.
    public mutating func add(_ function: some Sendable, named name: String) {
        functions[name, default: []].insert(function, at: 0)
    }

    /// The function of this name, an `Initializer` for instance.
    public func function<Function>(named name: String, as family: Function.Type = Function.self) -> Function?
    {
        functions[name]?.lazy.compactMap { $0 as? Function }.first
    }

    /// The class names of a family, sorted.
    public func names<Family>(in family: Family.Type) -> [String] {
        Set(types.values.joined().filter { $0 is Family }.map { $0.className }).sorted()
    }
}

extension CodingUserInfoKey {
    /// Where a decoder holds the `ConfigurationTypes` that it may make.
    public static let configurationTypes: CodingUserInfoKey = {
        guard let key = CodingUserInfoKey(rawValue: "citius.configurationTypes") else {
            fail("CodingUserInfoKey: any string is a key")
        }
        return key
    }()
}

/// Keras's envelope around a configuration: `{"module", "class_name", "config", "registered_name"}`.
///
/// A function that only its name describes is an envelope of the class `function`, whose configuration is the name.
public enum ConfigurationEnvelope {
    package enum Keys: String, CodingKey {
        case module, className, config, registeredName
    }

    private static let function = "function"

    /// Writes a value with its class name.
    ///
    /// - Parameter common: writes what stands in the configuration before the value's own.
    public static func encode(
        _ value: some Configurable, to encoder: any Encoder, common: (any Encoder) throws -> Void = { _ in }
    ) throws {
        let type = Swift.type(of: value)
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(type.module, forKey: .module)
        try container.encode(type.className, forKey: .className)
        let configuration = container.superEncoder(forKey: .config)
        try common(configuration)
        try value.encode(to: configuration)
        try container.encode(type.module == nil ? type.className : nil, forKey: .registeredName)
    }

    /// Writes a function by its name.
    public static func encode(functionNamed name: String, to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode("builtins", forKey: .module)
        try container.encode(function, forKey: .className)
        try container.encode(name, forKey: .config)
        try container.encode(function, forKey: .registeredName)
    }

    /// Reads a value of a family by its class name, or a function by its own.
    ///
    /// - Parameters:
    ///   - what: what messages call a member of the family, `initializer` for instance.
    ///   - make: from a type of the family and the decoder of its configuration to the value.
    /// - Throws: a `DecodingError` if the decoder holds no type of that name in the family, and no function.
    public static func decode<Family, Value>(
        _ family: Family.Type, called what: String, from decoder: any Decoder,
        make: (Family, any Decoder) throws -> Value
    ) throws -> Value {
        let container = try decoder.container(keyedBy: Keys.self)
        let className = try container.decode(String.self, forKey: .className)
        let types = decoder.configurationTypes
        if let type = types.type(named: className, in: family) {
            return try make(type, try container.superDecoder(forKey: .config))
        }
        if className == function {
            let name = try container.decode(String.self, forKey: .config)
            if let value = types.function(named: name, as: Value.self) { return value }
            throw DecodingError.dataCorruptedError(
                forKey: Keys.config, in: container,
                debugDescription:
                    "there is no \(what) \"\(name)\": name this function of your own to the loader.")
        }
        throw DecodingError.dataCorruptedError(
            forKey: Keys.className, in: container,
            debugDescription: "there is no \(what) \"\(className)\"; known are "
                + types.names(in: family).joined(separator: ", ")
                + ". Name a type of your own to the loader.")
    }
}

extension Decoder {
    /// Throws what is wrong with a value that was decoded, if anything is.
    package func refuse(_ fault: String?) throws {
        guard let fault else { return }
        throw DecodingError.dataCorrupted(.init(codingPath: codingPath, debugDescription: fault))
    }

    /// The types and functions that this decoder was given.
    public var configurationTypes: ConfigurationTypes {
        userInfo[.configurationTypes] as? ConfigurationTypes ?? ConfigurationTypes()
    }
}
