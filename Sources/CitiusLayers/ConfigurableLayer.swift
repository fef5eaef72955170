import CitiusAutograd
import CitiusKernels
import CitiusPlatform

/// A layer that describes itself by its configuration and can be made from one, so that models with it are saved,
/// copied and read from Keras's files.
///
/// ```swift
/// final class Scale: Layer, ConfigurableLayer {
///     struct Configuration: LayerConfiguration { var factor = 1.0 }
///     let configuration: Configuration
///
///     init(configuration: Configuration, name: String? = nil) {
///         self.configuration = configuration
///         super.init(name: name)
///     }
///     override func forward(_ input: Variable, in context: Context) -> Variable { input * configuration.factor }
/// }
/// ```
///
/// A layer's own properties are read as the configuration's: `scale.factor`. Names, trainability and dtype are
/// written for all layers alike and are not part of it.
@dynamicMemberLookup
public protocol ConfigurableLayer: Layer, ConfigurationNamed {
    associatedtype Configuration: LayerConfiguration
    var configuration: Configuration { get }
    /// Traps if the configuration has a fault.
    init(configuration: Configuration, name: String?)
}

extension ConfigurableLayer {
    public subscript<Value>(dynamicMember path: KeyPath<Configuration, Value>) -> Value {
        configuration[keyPath: path]
    }

    /// Traps with the configuration's fault if it has one. For a layer's `init`.
    public static func checked(_ configuration: Configuration) -> Configuration {
        if let fault = configuration.fault { fail("\(Self.self): \(fault)") }
        return configuration
    }
}

/// What a layer is made with. Its properties are Keras's configuration keys in Swift spelling, `useBias` for
/// `use_bias`.
public protocol LayerConfiguration: Codable, Sendable {
    /// What is wrong with it, in words that follow the layer's name; nil if nothing is. A layer's initializer traps
    /// with it, a reader of files throws it.
    var fault: String? { get }
}

extension LayerConfiguration {
    public var fault: String? { nil }
}

/// The configuration of layers that have nothing to choose.
public struct NoConfiguration: LayerConfiguration {
    public init() {}
}

/// The first of the faults that there is, for a configuration's `fault`.
package func firstFault(_ faults: String?...) -> String? { faults.lazy.compactMap { $0 }.first }

/// The fault of a number that must be positive. No size is beyond 32 bits, so that products of two never overflow.
package func faultUnlessPositive(_ name: String, _ number: Int) -> String? {
    if number > Int(Int32.max) { return "\(name) is \(number), expected at most \(Int32.max)" }
    return number > 0 ? nil : "\(name) is \(number), expected a positive number"
}

/// The fault of a real number that must be 0 or more, and finite.
package func faultUnlessNotNegative(_ name: String, _ number: Double) -> String? {
    number >= 0 && number.isFinite ? nil : "\(name) is \(number), expected a finite number, 0 or more"
}

/// The fault of a window's size or steps that must be positive.
package func faultUnlessPositive(_ name: String, _ size: some SpatialSize) -> String? {
    let isInRange = size.sizes.allSatisfy { (1...Int(Int32.max)).contains($0) }
    let least = size.sizes.map { _ in "1" }.joined(separator: "×")
    return isInRange ? nil : "\(name) is \(size), expected at least \(least)"
}

/// The number of a sample's elements; nil if it is beyond 48 bits, which no machine holds.
package func countOfElements(_ shape: Shape) -> Int? {
    shape.sizes.reduce(1 as Int?) { product, size in
        guard let (result, overflows) = product?.multipliedReportingOverflow(by: size), !overflows,
            result < 1 << 48
        else { return nil }
        return result
    }
}

/// The fault of samples of so many elements that no machine holds them.
package func faultUnlessCountable(_ outputShape: Shape) -> String? {
    countOfElements(outputShape) == nil ? "outputs of shape \(outputShape) are larger than any memory" : nil
}

/// The fault of samples of other channels than a layer was built for.
package func faultUnlessChannels(_ built: Int, _ channels: Int) -> String? {
    channels == built ? nil : "\(channels) channels, expected the \(built) that it was built for"
}

/// A switch in Keras's configuration of what is not there here: it is read, so that a file that needs it is refused, and
/// not written.
struct MissingOption: Codable, Sendable {
    var isOn = false
}

extension KeyedDecodingContainer {
    func decode(_ type: MissingOption.Type, forKey key: Key) throws -> MissingOption {
        MissingOption(isOn: try decodeIfPresent(Bool.self, forKey: key) ?? false)
    }
}

extension KeyedEncodingContainer {
    mutating func encode(_ option: MissingOption, forKey key: Key) throws {}
}
