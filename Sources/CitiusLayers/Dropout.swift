import CitiusAutograd
import CitiusKernels
import CitiusPlatform

/// In training, sets elements to zero at random and scales the others by 1 / (1 − rate), so that no unit can
/// lean on another; otherwise the identity (Srivastava et al. 2014, jmlr.org/papers/v15/srivastava14a).
/// Follows `keras.layers.Dropout`.
///
/// # Shapes
/// [batch, …] → [batch, …]
public final class Dropout: Layer {
    /// The share of elements that is dropped.
    public let rate: Double

    /// Traps if the rate is not in 0..<1.
    public init(_ rate: Double, name: String? = nil) {
        require(rate >= 0 && rate < 1, "Dropout: rate is \(rate), expected at least 0 and below 1")
        self.rate = rate
        super.init(name: name)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        context.isTraining ? input.dropout(rate: rate, generator: &context.generator) : input
    }
}
