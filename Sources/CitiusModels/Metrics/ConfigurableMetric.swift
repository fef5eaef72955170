import CitiusConfiguration

/// A metric that can be saved with a model's compilation: it says what it was made with, and can be made from that.
public protocol ConfigurableMetric: Metric, ConfigurationNamed {
    /// What it is made with: Keras's configuration keys in Swift's spelling.
    associatedtype Configuration: Codable & Sendable
    var configuration: Configuration { get }
    init(configuration: Configuration)
}

/// The configuration of metrics that have nothing but a name.
public struct NamedMetricConfiguration: Codable, Sendable {
    public var name: String
    public var dtype: String? = "float32"

    public init(name: String) { self.name = name }
}

/// A metric that is made with nothing but its name. One of your own that is saved with a model needs no more than to be
/// one, `init(name:)` included.
public protocol NamedMetric: ConfigurableMetric where Configuration == NamedMetricConfiguration {
    init(name: String)
}

extension NamedMetric {
    public var configuration: NamedMetricConfiguration { NamedMetricConfiguration(name: name) }

    public init(configuration: NamedMetricConfiguration) { self.init(name: configuration.name) }
}

extension KeyedDecodingContainer {
    /// The value of a key; the default where the key is absent or null.
    func value<Value: Decodable>(_ key: Key, default standard: Value) throws -> Value {
        try decodeIfPresent(Value.self, forKey: key) ?? standard
    }
}

/// A metric in Keras's envelope, or by its name alone, as Keras writes those that were given by one.
package struct MetricEnvelope: Codable {
    package let metric: Metric

    package init(_ metric: Metric) { self.metric = metric }

    package init(from decoder: any Decoder) throws {
        typealias Family = any ConfigurableMetric.Type
        func make<Made: ConfigurableMetric>(_ type: Made.Type, _ configuration: any Decoder) throws -> Metric
        {
            type.init(configuration: try Made.Configuration(from: configuration))
        }
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            guard let type = decoder.configurationTypes.type(named: name, in: Family.self) else {
                throw DecodingError.dataCorrupted(
                    .init(
                        codingPath: decoder.codingPath,
                        debugDescription:
                            "there is no metric \"\(name)\". Name one of your own to the loader."))
            }
            metric = try Self.named(type, name)
            return
        }
        metric = try ConfigurationEnvelope.decode(Family.self, called: "metric", from: decoder) {
            try make($0, $1)
        }
    }

    /// The metric of a type with nothing but its name.
    private static func named<Made: ConfigurableMetric>(_ type: Made.Type, _ name: String) throws -> Metric {
        let name = name == "acc" ? "accuracy" : name
        let fields: JSON = ["name": .string(name), "threshold": 0.5]
        return type.init(configuration: try fields.decoded(as: Made.Configuration.self))
    }

    package func encode(to encoder: any Encoder) throws {
        func write<Made: ConfigurableMetric>(_ metric: Made) throws {
            if Made.className == metric.name {
                var container = encoder.singleValueContainer()
                return try container.encode(metric.name)
            }
            var container = encoder.container(keyedBy: ConfigurationEnvelope.Keys.self)
            try container.encode(Made.module, forKey: .module)
            try container.encode(Made.className, forKey: .className)
            try container.encode(metric.configuration, forKey: .config)
            try container.encode(Made.module == nil ? Made.className : nil, forKey: .registeredName)
        }
        guard let metric = metric as? any ConfigurableMetric else {
            throw EncodingError.invalidValue(
                metric,
                EncodingError.Context(
                    codingPath: encoder.codingPath,
                    debugDescription:
                        "the metric \"\(metric.name)\" does not describe itself; make its type a ConfigurableMetric"
                ))
        }
        try write(metric)
    }
}
