import CitiusAutograd
import CitiusTensor

/// A layer that can compute a clamp and a pool that follow it in its own pass, and leave out pixels that nobody reads.
package protocol EpilogueLayer: Layer {
    /// Whether the layer can compute this epilogue when it is called on so many inputs.
    func takes(_ epilogue: Epilogue, inputCount: Int) -> Bool

    /// Computes the layer's output for a batch, with the epilogue applied.
    func forward(_ inputs: [Variable], in context: Context, epilogue: Epilogue) -> Variable

    /// The size of the layer's output images, before the epilogue, for input images of a size; nil if the layer cannot
    /// make use of an epilogue's `extent`.
    func outputSize(of image: Size2D) -> Size2D?

    /// The size of the upper left part of the input images that the layer reads; nil if it reads all.
    func pixelsRead(of image: Size2D, epilogue: Epilogue) -> Size2D?
}

extension EpilogueLayer {
    package func outputSize(of image: Size2D) -> Size2D? { nil }
    package func pixelsRead(of image: Size2D, epilogue: Epilogue) -> Size2D? { nil }
}

/// A layer that can be computed as the epilogue of the layer before it: an activation that clamps, a max-pool.
package protocol EpilogueStage: Layer {
    /// The layer as an epilogue; nil if it does more than an epilogue can.
    var stage: Epilogue? { get }
}

extension Epilogue {
    /// Both epilogues in one, this one first; nil if one pass cannot do both.
    package func followed(by next: Epilogue) -> Epilogue? {
        guard pool == nil, clamp == .identity || next.clamp == .identity else { return nil }
        return Epilogue(clamp: clamp == .identity ? next.clamp : clamp, pool: next.pool)
    }
}

extension Epilogue {
    /// The epilogue preceded by a layer's own activation if that is a clamp. (Other activations are applied afterwards.)
    func after(_ activation: ActivationFunction) -> Epilogue {
        guard clamp == .identity, let own = activation.clamp else { return self }
        var result = self
        result.clamp = own
        return result
    }
}
