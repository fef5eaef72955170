import CitiusAutograd
import CitiusTensor

/// Multiplies its inputs, element by element. Follows `keras.layers.Multiply`.
///
/// ```
/// y = x₁ · x₂ · …
/// ```
///
/// # Shapes
/// [batch, …], each the same or broadcasting (see `ElementwiseMerging`) → the same.
public final class Multiply: ElementwiseMerging, ConfigurableLayer {
    public static var module: String? { "keras.layers" }
    public var configuration: NoConfiguration { NoConfiguration() }

    public override init(name: String? = nil) { super.init(name: name) }

    public init(configuration: NoConfiguration, name: String? = nil) { super.init(name: name) }

    public override func combine(_ first: Variable, _ second: Variable) -> Variable {
        first * second
    }

    /// What does not count in one input is 1; what counts in none is 0.
    override func combine(_ operands: [Variable], masks: [Tensor?]) -> Variable {
        func number(_ value: Tensor, of operand: Variable) -> Variable {
            Variable(value.cast(to: operand.dtype))
        }
        let factors = zip(operands, masks).map { operand, mask in
            mask.map { Variable.where($0, operand, number(Tensor(1.0), of: operand)) } ?? operand
        }
        let product = factors.dropFirst().reduce(factors[0]) { $0 * $1 }
        let known = masks.compactMap { $0 }
        guard known.count == masks.count else { return product }
        let counts = known.dropFirst().reduce(known[0]) { $0 .| $1 }
        return Variable.where(counts, product, number(Tensor(0.0), of: product))
    }
}
