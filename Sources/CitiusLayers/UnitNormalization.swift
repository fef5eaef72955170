import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Divides each sample's, or each step's, features by their Euclidean norm. Follows `keras.layers.UnitNormalization`.
///
/// ```
/// y = x · min(1 / ‖x‖, 10¹²)
/// ```
///
/// The norm is over the axes that are named, the last one by default.
///
/// # Shapes
/// [batch, …, features] → the same
public final class UnitNormalization: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// What is normalized over, counted with the batch's axis.
        public var axis = AxisList([-1])
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// - Parameter axis: what is normalized over, counted with the batch's axis, which is 0.
    public convenience init(axis: Int..., name: String? = nil) {
        self.init(configuration: Configuration(axis: AxisList(axis.isEmpty ? [-1] : axis)), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        NormalizedAxes.fault(configuration.axis, of: shapes[0])
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input.unitNormalized(
            axes: NormalizedAxes(configuration.axis, of: input.shape.droppingFirst()).ofBatch)
    }
}
