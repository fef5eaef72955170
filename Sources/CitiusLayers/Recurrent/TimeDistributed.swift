import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// Applies a layer to each step of sequences by itself, with the same weights.
///
/// ```swift
/// TimeDistributed(Conv2D(16, kernelSize: 3))   // each picture of a film
/// ```
///
/// # Shapes
/// [batch, steps, …] → [batch, steps, …], the axes behind the steps as the layer's.
///
/// The steps are computed as one batch. What a layer keeps from step to step, statistics of `BatchNormalization` in
/// training or the states of a stateful layer, it keeps here too: then they are computed one by one. The layer sees no
/// mask; the input's is the output's.
///
/// Follows `keras.layers.TimeDistributed`.
public final class TimeDistributed: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var layer: NestedLayer
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    /// The layer that is applied to each step.
    public var layer: Layer { configuration.layer.layer }

    public convenience init(_ layer: Layer, name: String? = nil) {
        self.init(configuration: Configuration(layer: NestedLayer(layer)), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = configuration
        super.init(name: name)
    }

    public override var sublayers: [Layer] { [layer] }
    package override var kerasAttributes: [String] { ["layer"] }
    public override var supportsMasking: Bool { true }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        guard shapes[0].rank >= 2, shapes[0][0] > 0 else {
            return "samples of shape \(shapes[0]), expected [steps, …] of at least one step"
        }
        return layer.fault(ofInputs: [shapes[0].droppingFirst()]).map { "\(layer.label): \($0)" }
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        layer.buildIfNeeded(inputShape: inputShape.droppingFirst(), generator: &generator)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        layer.outputShapes(for: [inputShape.droppingFirst()])[0].prepending(inputShape[0])
    }

    public override func inputDType(at index: Int) -> DType { layer.inputDType(at: index) }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let (batch, steps) = (input.shape[0], input.shape[1])
        let keepsSomething =
            context.isTraining && layer.parameters.contains { !$0.isLearned } || Self.isStateful(layer)
        if keepsSomething {
            let outputs = input.split(sizes: Array(repeating: 1, count: steps), axis: 1).map {
                layer($0.squeezed(axis: 1), in: context)
            }
            return Variable.stack(outputs, axis: 1)
        }
        let sample = input.shape.droppingFirst().droppingFirst()
        let output = layer(input.reshaped(to: sample.prepending(batch * steps)), in: context)
        return output.reshaped(to: output.shape.droppingFirst().prepending(steps).prepending(batch))
    }

    private static func isStateful(_ layer: Layer) -> Bool {
        (layer as? RecurrentLayer)?.options.stateful == true || layer.sublayers.contains { isStateful($0) }
    }
}
