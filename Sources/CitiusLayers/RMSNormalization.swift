import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Divides each sample's, or each step's, features by their root mean square, then scales them by learned amounts (Zhang
/// and Sennrich 2019, arXiv 1910.07467). Follows `keras.layers.RMSNormalization`.
///
/// ```
/// y = scale · x / √(mean x² + ε)
/// ```
///
/// The mean is over the axes that are named, the last one by default.
///
/// # Shapes
/// [batch, …, features] → the same; scale of the sizes of the axes.
public final class RMSNormalization: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// What is normalized over, counted with the batch's axis.
        public var axis = AxisList([-1])
        /// What is added to the mean square.
        public var epsilon = 1e-6

        public var fault: String? {
            epsilon > 0 ? nil : "epsilon is \(epsilon), expected a positive number"
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    /// Of the sizes of the axes; nil before the layer is built.
    public private(set) var scale: Parameter?

    /// - Parameters:
    ///   - axis: what is normalized over, counted with the batch's axis, which is 0.
    ///   - epsilon: what is added to the mean square.
    ///
    /// Traps if epsilon is not positive.
    public convenience init(axis: Int..., epsilon: Double = 1e-6, name: String? = nil) {
        self.init(
            configuration: Configuration(axis: AxisList(axis.isEmpty ? [-1] : axis), epsilon: epsilon),
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        NormalizedAxes.fault(configuration.axis, of: shapes[0], builtFor: inputShape)
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        scale = addParameter(
            "scale", shape: NormalizedAxes(configuration.axis, of: inputShape).sizes(of: inputShape),
            initializer: .ones, generator: &generator)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input.rmsNormalized(
            axes: NormalizedAxes(configuration.axis, of: input.shape.droppingFirst()).ofBatch,
            scale: context[built(scale)], epsilon: configuration.epsilon)
    }
}
