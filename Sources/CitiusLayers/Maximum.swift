import CitiusAutograd
import CitiusTensor

/// The largest of its inputs, element by element, among those that count. Follows `keras.layers.Maximum`.
///
/// ```
/// y = max(x₁, x₂, …)
/// ```
///
/// # Shapes
/// [batch, …], each the same or broadcasting (see `ElementwiseMerging`) → the same.
public final class Maximum: ElementwiseMerging, ConfigurableLayer {
    public static var module: String? { "keras.layers" }
    public var configuration: NoConfiguration { NoConfiguration() }

    public override init(name: String? = nil) { super.init(name: name) }

    public init(configuration: NoConfiguration, name: String? = nil) { super.init(name: name) }

    public override func combine(_ first: Variable, _ second: Variable) -> Variable {
        first.maximum(second)
    }

    override func combine(_ operands: [Variable], masks: [Tensor?]) -> Variable {
        combineWhatCounts(operands, masks: masks)
    }
}
