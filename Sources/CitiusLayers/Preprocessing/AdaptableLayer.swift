import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// A layer that learns from the data once, before the model is trained: means, the bounds of bins, a vocabulary.
///
/// ```swift
/// let normalization = Normalization()
/// normalization.adapt(on: features)
/// ```
///
/// Adapt a layer before a model is built with it: what it learns decides shapes.
public protocol AdaptableLayer: Layer {
    /// Learns anew from the batches that `forEachBatch` passes to its argument, each time all of them in one order.
    ///
    /// Traps if there are none.
    func adapt(forEachBatch: (_ body: (Tensor) -> Void) -> Void)
}

extension AdaptableLayer {
    /// Learns anew from samples [samples, …]. Traps if there are none.
    public func adapt(on samples: Tensor) { adapt { $0(samples) } }
}

/// A layer whose inputs are strings: uint8 tensors whose last axis are their bytes, see `Tensor(utf8:)`.
public protocol TextLayer: Layer {}

extension TextLayer {
    /// What the layer makes of these strings, one sample each.
    public func callAsFunction(_ strings: [String]) -> Tensor { self(Tensor(utf8: strings)) }

    /// What the layer makes of these rows of strings, one sample each. Traps if they differ in length.
    public func callAsFunction(_ rows: [[String]]) -> Tensor { self(Tensor(utf8: rows)) }
}

extension AdaptableLayer where Self: TextLayer {
    /// Learns anew from strings, one sample each. Traps if there are none.
    public func adapt(on strings: [String]) {
        // A padded tensor of all of them would take as much memory for each as for the longest.
        adapt { body in
            for start in stride(from: 0, to: strings.count, by: 256) {
                body(Tensor(utf8: Array(strings[start..<min(start + 256, strings.count)])))
            }
        }
    }

    /// Learns anew from rows of strings, one sample each. Traps if there are none, or if they differ in length.
    public func adapt(on rows: [[String]]) { adapt(on: Tensor(utf8: rows)) }
}

/// A layer that takes strings or whole numbers, as its input has it. Nothing of it is in its configuration, as in Keras.
package protocol TextOrNumberLayer: Layer {
    /// Whether its inputs are strings; see `TextLayer`.
    var takesText: [Bool] { get set }
}

extension Layer {
    /// Whether its output are strings.
    package final var givesText: Bool {
        (self as? Input)?.configuration.isText ?? (self as? StringLookup)?.configuration.invert ?? false
    }

    /// Tells a layer that takes strings or whole numbers which of its inputs are strings.
    package final func noteTexts(among inputs: [SymbolicTensor]) {
        guard let layer = self as? any TextOrNumberLayer, inputs.contains(where: { $0.layer.givesText })
        else { return }
        layer.takesText = inputs.map { $0.layer.givesText }
    }
}

/// A layer that has what Keras keeps in files of its own, beside the weights.
package protocol AssetsLayer: Layer {
    /// Takes what a file holds for it, if anything. Returns what is wrong with it, in words that follow the layer's name.
    func take(assets: any LayerAssets) -> String?

    /// What is saved beside the weights, by the group below the layer's and the name that Keras gives it.
    var variables: [(group: String, name: String, tensor: Tensor)] { get }
}

/// What a file holds for a layer beside its weights.
package protocol LayerAssets {
    /// The contents of an asset; nil if there is none of that name.
    func asset(named name: String) -> [UInt8]?
    /// A tensor that is no weight, by Keras's name; nil if there is none.
    func variable(named name: String) -> Tensor?
}

/// A layer whose dtype Keras takes for that of its outputs, which may be integers.
package protocol IntegerOutputLayer: Layer {
    var givesIntegers: Bool { get }
}
