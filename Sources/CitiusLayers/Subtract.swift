import CitiusAutograd
import CitiusTensor

/// The difference of two inputs, element by element. Follows `keras.layers.Subtract`.
///
/// ```
/// y = x₁ − x₂
/// ```
///
/// # Shapes
/// [batch, …], each the same or broadcasting (see `ElementwiseMerging`) → the same.
public final class Subtract: ElementwiseMerging, ConfigurableLayer {
    public static var module: String? { "keras.layers" }
    public var configuration: NoConfiguration { NoConfiguration() }

    public override init(name: String? = nil) { super.init(name: name) }

    public init(configuration: NoConfiguration, name: String? = nil) { super.init(name: name) }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        shapes.count == 2 ? super.fault(ofInputs: shapes) : "\(shapes.count) inputs, expected 2"
    }

    public override func combine(_ first: Variable, _ second: Variable) -> Variable {
        first - second
    }
}
