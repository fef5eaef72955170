import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// An output of a layer in a graph of layers: it has a shape, but no elements yet.
///
/// A layer that is called on an `Input`, or on what another layer gave for one, computes nothing; it checks the shape
/// and notes what it would be computed from. A model is made of the graph that this draws:
///
/// ```swift
/// let image = Input(32, 32, 3)
/// var x = Conv2D(16, kernelSize: 3, padding: .same, activation: .relu)(image)
/// x = Add()(x, Conv2D(16, kernelSize: 3, padding: .same)(x))
/// x = GlobalAveragePooling2D()(x)
/// let model = Model(inputs: image, outputs: Dense(10, activation: .softmax)(x))
/// ```
///
/// Follows `keras.KerasTensor`.
public struct SymbolicTensor: Symbolic {
    /// The call of a layer that gives it.
    package let call: LayerCall
    /// Which of the layer's outputs it is.
    public let index: Int

    /// The shape of one sample, without the batch axis.
    public var shape: Shape { call.outputShapes[index] }
    /// What computes it.
    public var layer: Layer { call.layer }
    /// What it is computed from; nothing if the layer is an `Input`.
    public var inputs: [SymbolicTensor] { call.inputs }

    public var symbol: SymbolicTensor { self }
}

/// One call of a layer in a graph. A layer that is called several times has the same parameters each time.
package final class LayerCall {
    package let layer: Layer
    package private(set) var inputs: [SymbolicTensor]
    /// The shape of one sample of each output.
    package let outputShapes: [Shape]

    package init(_ layer: Layer, inputs: [SymbolicTensor], outputShapes: [Shape]) {
        self.layer = layer
        self.inputs = inputs
        self.outputShapes = outputShapes
    }

    /// The call of this layer on these inputs. Traps if it cannot take such samples.
    convenience init(_ layer: Layer, _ inputs: [SymbolicTensor]) {
        require(
            !(layer is Input),
            "\(layer.label): an Input begins a graph, it cannot be called on a layer's output")
        layer.noteTexts(among: inputs)
        self.init(
            layer, inputs: inputs, outputShapes: layer.checkedOutputShapes(for: inputs.map { $0.shape }))
    }

    package var outputs: [SymbolicTensor] {
        outputShapes.indices.map { SymbolicTensor(call: self, index: $0) }
    }

    /// Tells calls apart. An `Input` has one, however often it is asked for it.
    package var identity: ObjectIdentifier {
        layer is Input ? ObjectIdentifier(layer) : ObjectIdentifier(self)
    }

    deinit {
        // Left to themselves, inputs would be freed each within the last: a deep graph overflows the stack.
        var unused = inputs.map { $0.call }
        inputs = []
        while var last = unused.popLast() {
            guard isKnownUniquelyReferenced(&last) else { continue }
            unused += last.inputs.map { $0.call }
            last.inputs = []
        }
    }
}

/// What a layer can be called on to draw a graph: an `Input`, or a `SymbolicTensor`.
public protocol Symbolic {
    var symbol: SymbolicTensor { get }
}

extension Input: Symbolic {
    public var symbol: SymbolicTensor {
        SymbolicTensor(call: LayerCall(self, inputs: [], outputShapes: [shape]), index: 0)
    }
}

extension Layer {
    /// This layer's output in a graph, called on these inputs; nothing is computed.
    ///
    /// A layer that is called several times has the same parameters each time. Traps if it cannot take such samples,
    /// or if it has several outputs.
    public final func callAsFunction(_ inputs: any Symbolic...) -> SymbolicTensor { self(inputs) }

    /// This layer's output in a graph for as many inputs as there are.
    public final func callAsFunction(_ inputs: [any Symbolic]) -> SymbolicTensor {
        let outputs = outputs(of: inputs)
        require(
            outputs.count == 1,
            "\(label): it has \(outputs.count) outputs, expected 1; ask for all by outputs(of:)")
        return outputs[0]
    }

    /// All outputs of this layer in a graph, for layers that may have several.
    public final func outputs(of inputs: any Symbolic...) -> [SymbolicTensor] { outputs(of: inputs) }

    /// All outputs of this layer in a graph for as many inputs as there are.
    public final func outputs(of inputs: [any Symbolic]) -> [SymbolicTensor] {
        LayerCall(self, inputs.map { $0.symbol }).outputs
    }
}
