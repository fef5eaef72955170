import CitiusAutograd
import CitiusConfiguration
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Reads sequences in both directions by two recurrent layers, and merges what they give.
///
/// ```swift
/// Bidirectional(LSTM(32, returnSequences: true))
/// Bidirectional(GRU(32), mergeMode: .sum, backwardLayer: GRU(32, activation: .relu, goBackwards: true))
/// ```
///
/// # Shapes
/// Those of the layer, with twice as many numbers each for `.concat`; with a merge mode of nil both outputs, the forward
/// one first. With `returnState` then the forward layer's last states and the backward one's. Further inputs are their
/// first states, in the same order.
///
/// The backward layer's outputs of all steps are put in the order of the input. Masked steps put out zeros where there are
/// outputs of all steps. The layer that is given becomes the forward one, with its weights if it has any, and is called
/// `forward_` and its name; without a backward layer, one of the same configuration is made.
///
/// Follows `keras.layers.Bidirectional`, which copies the layer.
public final class Bidirectional: Layer, ConfigurableLayer {
    /// How the outputs of both directions become one.
    public enum MergeMode: String, Codable, Sendable, CaseIterable {
        /// One after the other, along the last axis.
        case concat
        case sum
        /// The product.
        case mul
        /// The mean.
        case ave
    }

    public struct Configuration: LayerConfiguration {
        /// nil: two outputs.
        public var mergeMode: MergeMode?
        /// The forward one, a `RecurrentLayer`.
        public var layer: NestedLayer
        /// The same in the other direction.
        public var backwardLayer: NestedLayer

        package init(mergeMode: MergeMode?, layer: NestedLayer, backwardLayer: NestedLayer) {
            self.mergeMode = mergeMode
            self.layer = layer
            self.backwardLayer = backwardLayer
        }

        public var fault: String? {
            guard let forward = layer.layer as? RecurrentLayer,
                let backward = backwardLayer.layer as? RecurrentLayer
            else {
                return
                    "its layers are \(layer.layer.label) and \(backwardLayer.layer.label), expected recurrent ones"
            }
            let (a, b) = (forward.options, backward.options)
            if a.goBackwards == b.goBackwards {
                return "both layers go one way, expected one to go backwards"
            }
            if a.returnSequences != b.returnSequences || a.returnState != b.returnState
                || a.stateful != b.stateful
            {
                return "its layers differ in returnSequences, returnState or stateful, expected the same"
            }
            if let mergeMode, mergeMode != .concat, forward.cell.outputSize != backward.cell.outputSize {
                return
                    "outputs of \(forward.cell.outputSize) and \(backward.cell.outputSize) numbers, expected the same for \(mergeMode)"
            }
            return forward === backward ? "one layer for both directions, expected two" : nil
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    public let forwardLayer: RecurrentLayer
    public let backwardLayer: RecurrentLayer

    /// - Parameters:
    ///   - mergeMode: how the two outputs become one; nil: they stay two.
    ///   - backwardLayer: of the other direction; by default one of the layer's configuration.
    ///
    /// Traps if the layers' directions are the same or what they give differs, or if there is no backward layer and the
    /// layer's cell does not describe itself.
    public convenience init(
        _ layer: RecurrentLayer, mergeMode: MergeMode? = .concat, backwardLayer: RecurrentLayer? = nil,
        name: String? = nil
    ) {
        let base = layer.name.isEmpty ? LayerNames.snakeCase("\(type(of: layer))") : layer.name
        func prefixed(_ prefix: String) -> String { base.hasPrefix(prefix) ? base : prefix + base }
        let made = backwardLayer == nil ? layer.reversed() : nil
        guard let backward = backwardLayer ?? made else {
            fail(
                "Bidirectional: the cell of \(layer.label) does not describe itself, so that no backward layer can be made of it; give one: Bidirectional(layer, backwardLayer: …)"
            )
        }
        layer.name = prefixed("forward_")
        if made != nil { backward.name = prefixed("backward_") }
        self.init(
            configuration: Configuration(
                mergeMode: mergeMode, layer: NestedLayer(layer), backwardLayer: NestedLayer(backward)),
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        guard let forward = configuration.layer.layer as? RecurrentLayer,
            let backward = configuration.backwardLayer.layer as? RecurrentLayer
        else { fail("Bidirectional: its layers are no recurrent ones") }
        forwardLayer = forward
        backwardLayer = backward
        forward.zeroMaskedOutputs()
        backward.zeroMaskedOutputs()
        super.init(name: name)
    }

    public override var sublayers: [Layer] { [forwardLayer, backwardLayer] }
    package override var kerasAttributes: [String] { ["forward_layer", "backward_layer"] }
    public override var takesSeveralInputs: Bool { true }
    public override var supportsMasking: Bool { true }

    /// Lets go of what stateful layers kept of the batch before.
    public func resetState() {
        forwardLayer.resetState()
        backwardLayer.resetState()
    }

    /// What each direction is called on.
    private func parts<Input>(of inputs: [Input]) -> (forward: [Input], backward: [Input]) {
        let count = forwardLayer.cell.stateSizes.count
        guard inputs.count > 1 else { return (inputs, inputs) }
        return (Array(inputs.prefix(1 + count)), [inputs[0]] + inputs.dropFirst(1 + count))
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let (forward, backward) = parts(of: shapes)
        if shapes.count > 1 && backward.count == 1 {
            return "\(shapes.count - 1) states, expected those of both directions"
        }
        return firstFault(forwardLayer.fault(ofInputs: forward), backwardLayer.fault(ofInputs: backward))
    }

    public override func build(inputShapes: [Shape], generator: inout RandomGenerator) {
        let (forward, backward) = parts(of: inputShapes)
        forwardLayer.buildIfNeeded(inputShapes: forward, generator: &generator)
        backwardLayer.buildIfNeeded(inputShapes: backward, generator: &generator)
    }

    public override func outputShapes(for inputShapes: [Shape]) -> [Shape] {
        let forward = forwardLayer.outputShapes(for: [inputShapes[0]])
        let backward = backwardLayer.outputShapes(for: [inputShapes[0]])
        let states = Array(forward.dropFirst() + backward.dropFirst())
        switch configuration.mergeMode {
        case nil: return [forward[0], backward[0]] + states
        case .concat:
            return [Shape(forward[0].sizes.dropLast() + [forward[0][-1] + backward[0][-1]])] + states
        case .sum, .mul, .ave: return [forward[0]] + states
        }
    }

    public override func inputDType(at index: Int) -> DType { forwardLayer.inputDType(at: index) }

    public override func outputMask(for inputs: [Variable], output: Variable) -> Tensor? {
        forwardLayer.outputMask(for: inputs, output: output)
    }

    public override func forward(_ inputs: [Variable], in context: Context) -> [Variable] {
        let (forwardInputs, backwardInputs) = parts(of: inputs)
        let forward = forwardLayer.outputs(of: forwardInputs, in: context)
        let backward = backwardLayer.outputs(of: backwardInputs, in: context)
        let states = Array(forward.dropFirst() + backward.dropFirst())
        let a = forward[0]
        let b = forwardLayer.options.returnSequences ? backward[0].flipped(axes: [1]) : backward[0]
        return switch configuration.mergeMode {
        case nil: [a, b] + states
        case .concat: [Variable.concatenate([a, b], axis: -1)] + states
        case .sum: [a + b] + states
        case .mul: [a * b] + states
        case .ave: [(a + b) / 2] + states
        }
    }
}

extension Bidirectional: KeywordInputsLayer {
    package var inputsKeyword: String { "initial_state" }
}
