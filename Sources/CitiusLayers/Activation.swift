import CitiusAutograd

/// Applies a function to each element. Follows `keras.layers.Activation`.
///
/// # Shapes
/// [batch, …] → [batch, …]
public final class Activation: Layer {
    public let function: ActivationFunction

    public init(_ function: ActivationFunction, name: String? = nil) {
        self.function = function
        super.init(name: name)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable { function(input) }
}
