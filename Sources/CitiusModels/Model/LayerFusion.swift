import CitiusAutograd
import CitiusKernels
import CitiusLayers
import CitiusTensor

/// Which layers that follow each other are computed in one pass.
///
/// A rule looks at the layers from one on and may take some of them together. The results are those of the layers
/// one by one, within float rounding; a rule therefore takes a layer only if nobody else sees what lies between.
enum LayerFusion {
    /// Layers that are computed in one pass.
    struct Step {
        let layers: ArraySlice<Layer>
        let forward: (Variable, Context) -> Variable
    }

    /// Layers that a rule takes together.
    private struct Group {
        let layers: ArraySlice<Layer>
        /// Computes the result, which nobody reads but the reader if there is one.
        let forward: (Variable, Context, _ reader: Conv2D.PixelReader?) -> Variable
        /// How the group reads images, if it does not read all of them, when there is a reader of its own result.
        var reads: ((Size2D, _ reader: Conv2D.PixelReader?) -> Size2D)?

        init(
            _ layers: ArraySlice<Layer>,
            forward: @escaping (Variable, Context, _ reader: Conv2D.PixelReader?) -> Variable
        ) {
            self.layers = layers
            self.forward = forward
        }
    }

    /// The rules, of which the first that takes the layers counts.
    private static let rules: [@Sendable (ArraySlice<Layer>) -> Group?] = [
        convolutionBlock, clampedDense, clampedNormalization,
    ]

    static func steps(of layers: [Layer]) -> [Step] {
        var groups: [Group] = []
        var rest = layers[...]
        while let layer = rest.first {
            let group =
                rules.lazy.compactMap { $0(rest) }.first
                ?? Group(rest.prefix(1)) { input, context, _ in layer(input, in: context) }
            groups.append(group)
            rest = rest.dropFirst(group.layers.count)
        }
        // From the last on, as each is told who reads its result.
        var reader: Conv2D.PixelReader?
        let steps = groups.reversed().map { group in
            let next = reader
            reader = group.reads.map { reads in { reads($0, next) } }
            return Step(layers: group.layers) { group.forward($0, $1, next) }
        }
        return steps.reversed()
    }

    // MARK: Rules

    /// Conv2D, then a clamp, a max-pool, or both. Of its result it computes what a Conv2D behind it reads: a pool
    /// of 2×2 leaves out an odd last row, and what that row alone would have seen is dead before.
    private static func convolutionBlock(_ layers: ArraySlice<Layer>) -> Group? {
        guard let convolution = layers.first as? Conv2D else { return nil }
        var count = 1
        let clamp = convolution.takesClamp ? clamp(layers.dropFirst(count).first) : nil
        if clamp != nil { count += 1 }
        let pool = convolution.takesPool ? layers.dropFirst(count).first as? MaxPooling2D : nil
        if pool != nil { count += 1 }
        var group = Group(layers.prefix(count)) { input, context, reader in
            convolution.forward(
                input, in: context, clamp: clamp ?? .identity, pool: pool?.window, reader: reader)
        }
        group.reads = { convolution.pixelsRead(of: $0, pool: pool?.window, reader: $1) }
        return group
    }

    /// Dense, then a clamp.
    private static func clampedDense(_ layers: ArraySlice<Layer>) -> Group? {
        guard let dense = layers.first as? Dense, dense.takesClamp,
            let clamp = clamp(layers.dropFirst().first)
        else { return nil }
        return Group(layers.prefix(2)) { input, context, _ in
            dense.forward(input, in: context, epilogue: Epilogue(clamp: clamp))
        }
    }

    /// BatchNormalization, then a clamp.
    private static func clampedNormalization(_ layers: ArraySlice<Layer>) -> Group? {
        guard let normalization = layers.first as? BatchNormalization,
            let clamp = clamp(layers.dropFirst().first)
        else { return nil }
        return Group(layers.prefix(2)) { input, context, _ in
            normalization.forward(input, in: context, epilogue: Epilogue(clamp: clamp))
        }
    }

    /// The clamp behind an Add of two.
    static func clamp(_ next: LayerGraph.Node, of sum: LayerGraph.Node) -> Clamp? {
        sum.layer is Add && sum.inputs.count == 2 ? clamp(next.layer) : nil
    }

    /// The clamp that the layer is, if it is one.
    private static func clamp(_ layer: Layer?) -> Clamp? { (layer as? Activation)?.function.clamp }
}
