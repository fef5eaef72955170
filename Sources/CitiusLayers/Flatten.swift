import CitiusAutograd
import CitiusTensor

/// Makes each sample one axis. Follows `keras.layers.Flatten`.
///
/// # Shapes
/// [batch, a, b, …] → [batch, a·b·…]
public final class Flatten: Layer {
    public override func outputShape(for inputShape: Shape) -> Shape { [inputShape.count] }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input.reshaped(to: [input.shape[0], input.shape.droppingFirst().count])
    }
}
