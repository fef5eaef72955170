import CitiusAutograd

/// x where x > 0, α·(eˣ − 1) elsewhere. Follows `keras.layers.ELU`.
///
/// Source: Clevert, Unterthiner, Hochreiter, arXiv:1511.07289.
///
/// # Shapes
/// [batch, …] → [batch, …]
public final class ELU: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var alpha = 1.0
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public convenience init(alpha: Double = 1, name: String? = nil) {
        self.init(configuration: Configuration(alpha: alpha), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input.elu(alpha: configuration.alpha)
    }
}
