import CitiusAutograd

/// Passes its input on and adds a penalty on it to the loss, divided by the batch's size. Follows
/// `keras.layers.ActivityRegularization`.
///
/// ```
/// loss += (l1·Σ|x| + l2·Σx²) / batch
/// ```
///
/// # Shapes
/// [batch, …] → [batch, …]
public final class ActivityRegularization: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var l1 = 0.0
        public var l2 = 0.0

        public var fault: String? {
            firstFault(Regularizer.fault(ofFactor: l1, "l1"), Regularizer.fault(ofFactor: l2, "l2"))
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// Traps if a factor is negative or not finite.
    public convenience init(l1: Double = 0, l2: Double = 0, name: String? = nil) {
        self.init(configuration: Configuration(l1: l1, l2: l2), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        addActivityLoss(.l1L2(l1: configuration.l1, l2: configuration.l2), of: input, in: context)
        return input
    }
}
