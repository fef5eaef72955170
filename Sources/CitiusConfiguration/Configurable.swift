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
public protocol Configurable: Codable, Sendable {
    /// Keras's name of the type; by default the Swift type's.
    static var className: String { get }
    /// Keras's module, `keras.initializers`; nil for types that Keras does not have.
    static var module: String? { get }
}

extension Configurable {
    public static var className: String { "\(Self.self)" }
    public static var module: String? { nil }
}

/// The types that a loader knows by their class names.
///
/// Two families may use one name, as Keras's initializer `Identity` and its layer do: a lookup says which family it
/// is for.
public struct ConfigurationTypes: Sendable {
    private var types: [String: [any Configurable.Type]] = [:]

    public init(_ types: [any Configurable.Type] = []) { add(types) }

    /// Adds types; one of a family and name that are known already takes their place.
    public mutating func add(_ newTypes: [any Configurable.Type]) {
        for type in newTypes { types[type.className, default: []].insert(type, at: 0) }
    }

    /// The type of this name within a family, `any RegularizerKind.Type` for instance.
    public func type<Family>(named name: String, in family: Family.Type = Family.self) -> Family? {
        types[name]?.lazy.compactMap { $0 as? Family }.first
    }

    /// The class names of a family, sorted.
    public func names<Family>(in family: Family.Type) -> [String] {
        types.filter { $0.value.contains { $0 is Family } }.keys.sorted()
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
public enum ConfigurationEnvelope {
    package enum Keys: String, CodingKey {
        case module, className, config, registeredName
    }

    /// Writes a value with its class name.
    public static func encode(_ value: some Configurable, to encoder: any Encoder) throws {
        let type = Swift.type(of: value)
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(type.module, forKey: .module)
        try container.encode(type.className, forKey: .className)
        try container.encode(value, forKey: .config)
        try container.encode(type.module == nil ? type.className : nil, forKey: .registeredName)
    }

    /// Reads a value of a family by its class name.
    ///
    /// - Parameters:
    ///   - what: what messages call a member of the family, `initializer` for instance.
    ///   - make: from a type of the family and the decoder of its configuration to the value.
    /// - Throws: a `DecodingError` if the decoder holds no type of that name in the family.
    public static func decode<Family, Value>(
        _ family: Family.Type, called what: String, from decoder: any Decoder,
        make: (Family, any Decoder) throws -> Value
    ) throws -> Value {
        let container = try decoder.container(keyedBy: Keys.self)
        let name = try container.decode(String.self, forKey: .className)
        let types = decoder.userInfo[.configurationTypes] as? ConfigurationTypes ?? ConfigurationTypes()
        guard let type = types.type(named: name, in: family) else {
            throw DecodingError.dataCorruptedError(
                forKey: Keys.className, in: container,
                debugDescription: "there is no \(what) \"\(name)\"; known are "
                    + types.names(in: family).joined(separator: ", ")
                    + ". Name a type of your own to the loader.")
        }
        return try make(type, try container.superDecoder(forKey: .config))
    }
}
