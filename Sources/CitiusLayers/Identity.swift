import CitiusAutograd

/// Passes its input on as it is, for a place where another layer may stand. Follows `keras.layers.Identity`.
///
/// # Shapes
/// [batch, …] → [batch, …]
public final class Identity: Layer, ConfigurableLayer {
    public static var module: String? { "keras.layers" }
    /// As Keras's `FeatureSpace` has it in its models.
    public static var aliases: [String] { ["TFDIdentity"] }
    public var configuration: NoConfiguration { NoConfiguration() }

    public override init(name: String? = nil) { super.init(name: name) }

    public init(configuration: NoConfiguration, name: String? = nil) { super.init(name: name) }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable { input }
}
