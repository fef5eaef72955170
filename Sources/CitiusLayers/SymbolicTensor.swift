import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// The place of a layer's output in a graph of layers: it has a shape, but no elements yet.
///
/// A layer that is called on an `Input`, or on what another layer gave for one, computes and builds nothing; it
/// checks the shape and notes what it would be computed from. A model is made of the graph that this draws:
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
public final class SymbolicTensor: Symbolic {
    /// The shape of one sample, without the batch axis.
    public let shape: Shape
    /// What computes it.
    public let layer: Layer
    /// What it is computed from; nothing if the layer is an `Input`.
    public private(set) var inputs: [SymbolicTensor]

    package init(shape: Shape, layer: Layer, inputs: [SymbolicTensor]) {
        self.shape = shape
        self.layer = layer
        self.inputs = inputs
    }

    /// The place of what this layer makes of these inputs. Traps if it cannot take such samples.
    init(_ layer: Layer, _ inputs: [SymbolicTensor]) {
        require(
            !(layer is Input),
            "\(layer.label): an Input begins a graph, it cannot be called on a layer's output")
        shape = layer.outputShape(for: inputs.map { $0.shape })
        self.layer = layer
        self.inputs = inputs
    }

    deinit {
        // Left to themselves, inputs would be freed each within the last: a deep graph overflows the stack.
        var unused = inputs
        inputs = []
        while var last = unused.popLast() {
            guard isKnownUniquelyReferenced(&last) else { continue }
            unused += last.inputs
            last.inputs = []
        }
    }

    public var symbol: SymbolicTensor { self }

    /// Tells places apart. An `Input` has one, however often it is asked for it.
    package var identity: ObjectIdentifier {
        inputs.isEmpty ? ObjectIdentifier(layer) : ObjectIdentifier(self)
    }
}

/// What a layer can be called on to draw a graph: an `Input`, or a `SymbolicTensor`.
public protocol Symbolic {
    var symbol: SymbolicTensor { get }
}

extension Input: Symbolic {
    public var symbol: SymbolicTensor { SymbolicTensor(shape: shape, layer: self, inputs: []) }
}

extension Layer {
    /// The place of this layer's output in a graph; nothing is computed or built.
    ///
    /// A layer that is called at several places has the same parameters at all of them. Traps if it cannot take
    /// such samples.
    public final func callAsFunction(_ input: some Symbolic) -> SymbolicTensor {
        SymbolicTensor(self, [input.symbol])
    }
}
