import CitiusAutograd
import CitiusConfiguration

extension Constraint {
    /// Makes negative values 0.
    public struct NonNeg: ConstraintKind {
        public static let module: String? = "keras.constraints"

        public func callAsFunction(_ value: Tensor) -> Tensor { value.relu() }
    }

    /// Makes negative values 0.
    public static let nonNegative = Constraint(NonNeg())
}
