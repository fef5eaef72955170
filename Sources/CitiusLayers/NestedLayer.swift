import CitiusConfiguration
import CitiusPlatform

/// A layer within the configuration of another, as wrappers and recurrent layers have it: in Keras's files its whole
/// description.
///
/// It holds the layer, not a copy. Unchecked, because layers are no values: a configuration with a layer belongs to the
/// layer that is made of it, on whichever thread that is.
public struct NestedLayer: @unchecked Sendable, Codable {
    public let layer: Layer

    public init(_ layer: Layer) { self.layer = layer }

    /// Throws if the decoder does not read a model's description.
    public init(from decoder: any Decoder) throws {
        guard let making = decoder.userInfo[.nestedLayers] as? NestedLayerMaking else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "a layer within another is read with its model alone"))
        }
        let attribute = decoder.codingPath.map { $0.intValue == nil ? $0.stringValue : "" }.last ?? ""
        layer = try making.make(JSON(from: decoder), attribute)
    }

    /// Throws if the encoder does not write a model's description.
    public func encode(to encoder: any Encoder) throws {
        guard let describing = encoder.userInfo[.nestedLayers] as? NestedLayerDescribing else {
            throw EncodingError.invalidValue(
                self,
                .init(
                    codingPath: encoder.codingPath,
                    debugDescription: "a layer within another is described with its model alone"))
        }
        try describing.describe(layer).encode(to: encoder)
    }

    /// A layer of the same configuration and weights of its own; nil if it does not describe itself.
    package func copy() -> Layer? {
        func copy<Described: ConfigurableLayer>(_ layer: Described) -> Layer {
            Described(configuration: layer.configuration, name: layer.name.isEmpty ? nil : layer.name)
        }
        return (layer as? any ConfigurableLayer).map { copy($0) }
    }
}

/// Makes the layers within a layer. Used on the thread alone that reads the description.
package struct NestedLayerMaking: @unchecked Sendable {
    /// Given a description and the property that holds the layer.
    let make: (JSON, _ attribute: String) throws -> Layer

    package init(_ make: @escaping (JSON, _ attribute: String) throws -> Layer) { self.make = make }
}

/// Describes the layers within a layer.
package struct NestedLayerDescribing: Sendable {
    let describe: @Sendable (Layer) throws -> JSON

    package init(_ describe: @escaping @Sendable (Layer) throws -> JSON) { self.describe = describe }
}

extension CodingUserInfoKey {
    /// Where a coder holds what makes or describes layers within layers.
    package static let nestedLayers: CodingUserInfoKey = {
        guard let key = CodingUserInfoKey(rawValue: "citius.nestedLayers") else {
            fail("CodingUserInfoKey: any string is a key")
        }
        return key
    }()
}
