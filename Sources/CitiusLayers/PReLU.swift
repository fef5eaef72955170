import CitiusAutograd
import CitiusConfiguration
import CitiusTensor

/// x where x > 0, α·x elsewhere, with an α that is learned for each element of a sample, or shared along axes. Follows
/// `keras.layers.PReLU`.
///
/// ```swift
/// PReLU(sharedAxes: [1, 2])    // of images, one α a channel
/// ```
///
/// # Shapes
/// [batch, …] → the same; alpha the sample's shape, with 1 along shared axes.
///
/// Source: He, Zhang, Ren, Sun, arXiv:1502.01852.
public final class PReLU: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var alphaInitializer: Initializer = .zeros
        public var alphaRegularizer: Regularizer?
        public var alphaConstraint: Constraint?
        /// The axes along which α is the same, counted from 1, the first behind the batch's.
        public var sharedAxes: AxisList?

        public var fault: String? {
            sharedAxes.flatMap { axes in
                axes.numbers.allSatisfy { $0 >= 1 }
                    ? nil : "sharedAxes are \(axes.numbers), expected axes behind the batch's, from 1 on"
            }
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    /// The slopes; nil before the layer is built.
    public private(set) var alpha: Parameter?

    /// - Parameter sharedAxes: the axes along which α is the same, counted from 1, the first behind the batch's.
    ///
    /// Traps if one is below 1.
    public convenience init(
        alphaInitializer: Initializer = .zeros, alphaRegularizer: Regularizer? = nil,
        alphaConstraint: Constraint? = nil, sharedAxes: [Int]? = nil, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                alphaInitializer: alphaInitializer, alphaRegularizer: alphaRegularizer,
                alphaConstraint: alphaConstraint, sharedAxes: sharedAxes.map { AxisList($0) }),
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let rank = shapes[0].rank
        if let axis = (configuration.sharedAxes?.numbers ?? []).first(where: { $0 > rank }) {
            return "samples of shape \(shapes[0]) have no axis \(axis), the batch's being 0"
        }
        guard let alpha else { return nil }
        return alphaShape(for: shapes[0]) == alpha.shape
            ? nil
            : "samples of shape \(shapes[0]), for which its slopes of shape \(alpha.shape) were not built"
    }

    private func alphaShape(for inputShape: Shape) -> Shape {
        var sizes = inputShape.sizes
        for axis in configuration.sharedAxes?.numbers ?? [] { sizes[axis - 1] = 1 }
        return Shape(sizes)
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        alpha = addParameter(
            "alpha", shape: alphaShape(for: inputShape), initializer: configuration.alphaInitializer,
            regularizer: configuration.alphaRegularizer, constraint: configuration.alphaConstraint,
            generator: &generator)
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        input.prelu(alpha: context[built(alpha)])
    }
}
