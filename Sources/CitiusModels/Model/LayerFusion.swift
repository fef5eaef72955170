import CitiusAutograd
import CitiusLayers

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

    /// The rules, of which the first that takes the layers counts.
    private static let rules: [@Sendable (ArraySlice<Layer>) -> Step?] = [
        convolutionBlock, rectifiedDense, rectifiedNormalization,
    ]

    static func steps(of layers: [Layer]) -> [Step] {
        var steps: [Step] = []
        var rest = layers[...]
        while let layer = rest.first {
            let fused = rules.lazy.compactMap { $0(rest) }.first
            let step = fused ?? Step(layers: rest.prefix(1)) { layer($0, in: $1) }
            steps.append(step)
            rest = rest.dropFirst(step.layers.count)
        }
        return steps
    }

    // MARK: Rules

    /// Conv2D, then a rectifier, a max-pool, or both.
    private static func convolutionBlock(_ layers: ArraySlice<Layer>) -> Step? {
        guard let convolution = layers.first as? Conv2D else { return nil }
        var count = 1
        let rectifies = convolution.takesRectifier && isRectifier(layers.dropFirst(count).first)
        if rectifies { count += 1 }
        let pool = convolution.takesPool ? layers.dropFirst(count).first as? MaxPooling2D : nil
        if pool != nil { count += 1 }
        guard count > 1 else { return nil }
        return Step(layers: layers.prefix(count)) { input, context in
            convolution.forward(input, in: context, rectifies: rectifies, pool: pool?.window)
        }
    }

    /// Dense, then a rectifier.
    private static func rectifiedDense(_ layers: ArraySlice<Layer>) -> Step? {
        guard let dense = layers.first as? Dense, dense.takesRectifier, isRectifier(layers.dropFirst().first)
        else { return nil }
        return Step(layers: layers.prefix(2)) { dense.forward($0, in: $1, rectifies: true) }
    }

    /// BatchNormalization, then a rectifier.
    private static func rectifiedNormalization(_ layers: ArraySlice<Layer>) -> Step? {
        guard let normalization = layers.first as? BatchNormalization, isRectifier(layers.dropFirst().first)
        else { return nil }
        return Step(layers: layers.prefix(2)) { normalization.forward($0, in: $1, rectifies: true) }
    }

    /// Add of two, then a rectifier.
    static func isRectifiedSum(_ sum: LayerGraph.Node, _ next: LayerGraph.Node) -> Bool {
        sum.layer is Add && sum.inputs.count == 2 && isRectifier(next.layer)
    }

    /// Whether the layer is max(x, 0) and nothing else.
    private static func isRectifier(_ layer: Layer?) -> Bool {
        (layer as? Activation)?.function.isRectifier ?? false
    }
}
