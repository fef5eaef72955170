import CitiusAutograd
import CitiusConfiguration
import CitiusPlatform
import CitiusTensor

/// The mean of a loss, as a metric: `MeanMetricWrapper(.huber(delta: 2))`. Follows `keras.metrics.MeanMetricWrapper`.
///
/// A mean of a function of your own is `Mean(name:of:)`.
public final class MeanMetricWrapper: Mean, ConfigurableMetric {
    public struct Configuration: Codable, Sendable {
        public var name: String?
        public var dtype: String? = "float32"
        /// The loss whose mean it is.
        public var loss: Loss

        private enum CodingKeys: String, CodingKey { case name, dtype, fn }

        /// A function by its name.
        private struct Function: Codable {
            var module = "builtins"
            var className = "function"
            var config: String
            var registeredName = "function"
        }

        init(name: String, loss: Loss) { (self.name, self.loss) = (name, loss) }

        /// Keras writes the loss's function by its name, and the function's arguments beside it.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            let function = try container.decode(Function.self, forKey: .fn).config
            let types = decoder.configurationTypes
            if let own = types.function(named: function, as: Loss.self) {
                loss = own
                return
            }
            guard let kind = types.type(named: function, in: (any LossKind.Type).self) else {
                throw DecodingError.dataCorruptedError(
                    forKey: .fn, in: container,
                    debugDescription: "there is no loss \"\(function)\". Name one of your own to the loader.")
            }
            // Without arguments they are the loss's own.
            let made = (try? kind.init(from: decoder)) ?? kind.init()
            try decoder.refuse(made.fault)
            loss = Loss(made)
        }

        public func encode(to encoder: any Encoder) throws {
            if let kind = loss.kind { try kind.encode(to: encoder) }
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(name, forKey: .name)
            try container.encode(dtype, forKey: .dtype)
            let function = loss.kind.map { type(of: $0).aliases.first ?? type(of: $0).className } ?? loss.name
            try container.encode(Function(config: function), forKey: .fn)
        }
    }

    public static var module: String? { "keras.metrics" }
    public let configuration: Configuration

    public convenience init(configuration: Configuration) {
        self.init(configuration.loss, name: configuration.name)
    }

    /// - Parameter name: by default the loss's.
    public init(_ loss: Loss, name: String? = nil) {
        configuration = Configuration(name: name ?? loss.name, loss: loss)
        super.init(name: name ?? loss.name, goal: .lowest) { loss.losses(Variable($0), $1).value }
    }
}
