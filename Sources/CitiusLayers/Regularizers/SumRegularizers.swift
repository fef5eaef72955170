import CitiusAutograd
import CitiusConfiguration

extension Regularizer {
    /// l1·Σ|w|: draws weights to 0 exactly.
    public struct L1: RegularizerKind {
        public static let module: String? = "keras.regularizers"
        public let l1: Double

        public init(l1: Double) { self.l1 = l1 }

        public var fault: String? { Regularizer.fault(ofFactor: l1, "l1") }

        public func callAsFunction(_ parameter: Variable) -> Variable { parameter.abs().sum() * l1 }
    }

    /// l2·Σw²: keeps weights small.
    public struct L2: RegularizerKind {
        public static let module: String? = "keras.regularizers"
        public let l2: Double

        public init(l2: Double) { self.l2 = l2 }

        public var fault: String? { Regularizer.fault(ofFactor: l2, "l2") }

        public func callAsFunction(_ parameter: Variable) -> Variable { parameter.squared().sum() * l2 }
    }

    /// l1·Σ|w| + l2·Σw².
    public struct L1L2: RegularizerKind {
        public static let module: String? = "keras.regularizers"
        public let l1: Double
        public let l2: Double

        public init(l1: Double, l2: Double) { (self.l1, self.l2) = (l1, l2) }

        public var fault: String? {
            Regularizer.fault(ofFactor: l1, "l1") ?? Regularizer.fault(ofFactor: l2, "l2")
        }

        public func callAsFunction(_ parameter: Variable) -> Variable {
            (parameter.abs() * l1 + parameter.squared() * l2).sum()
        }
    }

    /// l1·Σ|w|. Traps if the factor is negative or not finite.
    public static func l1(_ factor: Double = 0.01) -> Regularizer { Regularizer(L1(l1: factor)) }

    /// l2·Σw². Traps if the factor is negative or not finite.
    public static func l2(_ factor: Double = 0.01) -> Regularizer { Regularizer(L2(l2: factor)) }

    /// l1·Σ|w| + l2·Σw². Traps if a factor is negative or not finite.
    public static func l1L2(l1: Double = 0.01, l2: Double = 0.01) -> Regularizer {
        Regularizer(L1L2(l1: l1, l2: l2))
    }

    static func fault(ofFactor factor: Double, _ name: String) -> String? {
        factor >= 0 && factor.isFinite ? nil : "\(name) is \(factor), expected a finite number, 0 or more"
    }
}
