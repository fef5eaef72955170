import CitiusAutograd
import CitiusTensor

/// The mean of its inputs, element by element. Follows `keras.layers.Average`.
///
/// ```
/// y = (x₁ + x₂ + … + xₙ) / n
/// ```
///
/// # Shapes
/// [batch, …], each the same or broadcasting (see `ElementwiseMerging`) → the same.
public final class Average: ElementwiseMerging, ConfigurableLayer {
    public static var module: String? { "keras.layers" }
    public var configuration: NoConfiguration { NoConfiguration() }

    public override init(name: String? = nil) { super.init(name: name) }

    public init(configuration: NoConfiguration, name: String? = nil) { super.init(name: name) }

    public override func combine(_ first: Variable, _ second: Variable) -> Variable {
        first + second
    }

    public override func finish(_ combined: Variable, count: Int) -> Variable { combined / Double(count) }
}
