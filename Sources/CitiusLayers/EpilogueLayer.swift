import CitiusAutograd
import CitiusTensor

/// A layer that can compute in its own pass what follows it: a clamp, a pool, no more than what its only reader needs.
package protocol EpilogueLayer: Layer {
    /// Whether the layer, called on so many inputs, can take this on.
    func takes(_ epilogue: Epilogue, inputCount: Int) -> Bool

    /// Computes the output of a batch with what follows the layer.
    func forward(_ inputs: [Variable], in context: Context, epilogue: Epilogue) -> Variable

    /// The size of the images that the layer alone makes of images of a size; nil for a layer whose epilogue's extent
    /// is of no use.
    func outputSize(of image: Size2D) -> Size2D?

    /// The pixels, from the first on, that the layer reads of images of a size; nil for all.
    func pixelsRead(of image: Size2D, epilogue: Epilogue) -> Size2D?
}

extension EpilogueLayer {
    package func outputSize(of image: Size2D) -> Size2D? { nil }
    package func pixelsRead(of image: Size2D, epilogue: Epilogue) -> Size2D? { nil }
}

/// A layer that may be nothing but an epilogue of the one before it.
package protocol EpilogueStage: Layer {
    /// What it is; nil if it is more than that.
    var stage: Epilogue? { get }
}

extension Epilogue {
    /// The two after each other as one; nil where one pass cannot do both.
    package func followed(by next: Epilogue) -> Epilogue? {
        guard pool == nil, clamp == .identity || next.clamp == .identity else { return nil }
        return Epilogue(clamp: clamp == .identity ? next.clamp : clamp, pool: next.pool)
    }
}

extension Epilogue {
    /// The epilogue behind a layer's own activation, where that is a clamp too. (Other activations come behind.)
    func after(_ activation: ActivationFunction) -> Epilogue {
        guard clamp == .identity, let own = activation.clamp else { return self }
        var result = self
        result.clamp = own
        return result
    }
}
