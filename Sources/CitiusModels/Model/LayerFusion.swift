import CitiusAutograd
import CitiusLayers
import CitiusTensor

/// Decides which layers of a graph are computed in one pass.
///
/// An `EpilogueLayer` can compute what follows it in its own pass, and an `EpilogueStage` can be computed so: a
/// convolution, for instance, its activation and its pool. Fusing does not change results beyond float rounding. Since a
/// fused layer's own output is never stored, layers are fused only where the next one is its only reader.
enum LayerFusion {
    /// Layers that are computed in one pass. Only the last one's outputs are stored.
    struct Step {
        enum Body {
            /// One input and one output, without the cost of arrays.
            case unary((Variable, Context) -> Variable)
            case general(([Variable], Context) -> [Variable])
        }

        let layers: [Layer]
        /// The numbers of the values that it reads and computes.
        let inputs: [Int]
        let outputs: Range<Int>
        let body: Body
        /// The values that no later step reads: their memory can be freed after this one.
        var lastReads: [Int] = []
    }

    /// Maps the size of images to the size of their upper left part that a layer reads; nil if it reads all.
    private typealias PixelReader = (_ image: Size2D) -> Size2D?

    /// One step for each layer.
    static func unfusedSteps(of nodes: [LayerGraph.Node], outputs: [Int]) -> [Step] {
        releasing(nodes.filter { !$0.inputs.isEmpty }.map { step(of: $0) }, keeping: outputs)
    }

    /// The steps with layers fused.
    static func steps(of nodes: [LayerGraph.Node], outputs: [Int]) -> [Step] {
        let onlyReaders = onlyReaders(of: nodes, outputs: outputs)
        var groups: [Group] = []
        var isTaken = [Bool](repeating: false, count: nodes.count)
        for (number, node) in nodes.enumerated() where !isTaken[number] && !node.inputs.isEmpty {
            var group = Group(nodes: [node], epilogue: Epilogue())
            while let next = onlyReaders[group.output], let longer = group.taking(nodes[next]) {
                group = longer
                isTaken[next] = true
            }
            groups.append(group)
        }
        // Backwards, since a group depends on how much of its output the next one reads.
        var readers: [Int: PixelReader] = [:]
        var steps: [Step] = []
        for group in groups.reversed() {
            let reader = onlyReaders[group.output] == nil ? nil : readers[group.output]
            steps.append(group.step(reader))
            if group.nodes[0].inputs.count == 1 {
                readers[group.nodes[0].inputs[0]] = group.pixelReader(reader)
            }
        }
        return releasing(steps.reversed(), keeping: outputs)
    }

    /// Maps each value with exactly one reader to the number of that node. The model's caller counts as a reader of the
    /// model's outputs.
    private static func onlyReaders(of nodes: [LayerGraph.Node], outputs: [Int]) -> [Int: Int] {
        var counts: [Int: Int] = [:]
        var readers: [Int: Int] = [:]
        for value in outputs { counts[value, default: 0] += 1 }
        for (number, node) in nodes.enumerated() {
            for value in node.inputs {
                counts[value, default: 0] += 1
                readers[value] = number
            }
        }
        return readers.filter { counts[$0.key] == 1 }
    }

    /// Nodes that become one step: a head, and the epilogue it computes for the rest.
    private struct Group {
        var nodes: [LayerGraph.Node]
        var epilogue: Epilogue

        var output: Int { nodes[nodes.count - 1].outputs.lowerBound }
        /// The layer that computes the group; nil if it cannot compute epilogues. A layer whose activity is regularized
        /// needs its own output, so it is never fused.
        private var head: (any EpilogueLayer)? {
            nodes[0].layer.activityRegularizer == nil ? nodes[0].layer as? any EpilogueLayer : nil
        }

        /// The group extended by its output's only reader; nil if the head cannot compute that too.
        func taking(_ next: LayerGraph.Node) -> Group? {
            guard let head, next.inputs.count == 1, nodes[nodes.count - 1].outputs.count == 1,
                next.layer.activityRegularizer == nil, let stage = (next.layer as? any EpilogueStage)?.stage,
                let longer = epilogue.followed(by: stage),
                head.takes(longer, inputCount: nodes[0].inputs.count)
            else { return nil }
            return Group(nodes: nodes + [next], epilogue: longer)
        }

        /// The epilogue for images of a size, restricted to the pixels that the next layer reads.
        private func epilogue(_ head: any EpilogueLayer, for image: Size2D, _ reader: PixelReader?)
            -> Epilogue
        {
            var result = epilogue
            if let reader, let size = head.outputSize(of: image) {
                result.extent = reader(epilogue.resultSize(of: size))
            }
            return result
        }

        /// How much of its input images the group reads; nil if all.
        func pixelReader(_ reader: PixelReader?) -> PixelReader? {
            guard let head else { return nil }
            return { head.pixelsRead(of: $0, epilogue: epilogue(head, for: $0, reader)) }
        }

        func step(_ reader: PixelReader?) -> Step {
            guard let head else { return LayerFusion.step(of: nodes[0]) }
            let layers = nodes.map { $0.layer }
            func unaryBody(_ input: Variable, _ context: Context) -> Variable {
                if input.mask != nil { return layers.reduce(input) { $1($0, in: context) } }
                return head.forward([input], in: context, epilogue: epilogue(for: input.shape))
            }
            func epilogue(for shape: Shape) -> Epilogue {
                shape.rank == 4
                    ? self.epilogue(head, for: Size2D(shape[1], shape[2]), reader) : self.epilogue
            }
            func body(_ inputs: [Variable], _ context: Context) -> Variable {
                // Masked inputs go through the layers one by one: each decides what its output's mask is.
                if inputs.contains(where: { $0.mask != nil }) {
                    return layers.dropFirst().reduce(layers[0](inputs, in: context)) { $1($0, in: context) }
                }
                return head.forward(inputs, in: context, epilogue: epilogue(for: inputs[0].shape))
            }
            return Step(
                layers: layers, inputs: nodes[0].inputs, outputs: nodes[nodes.count - 1].outputs,
                body: nodes[0].inputs.count == 1
                    ? .unary { unaryBody($0, $1) } : .general { [body($0, $1)] })
        }
    }

    /// A step of a single layer.
    private static func step(of node: LayerGraph.Node) -> Step {
        let layer = node.layer
        return Step(
            layers: [layer], inputs: node.inputs, outputs: node.outputs,
            body: node.inputs.count == 1 && node.outputs.count == 1
                ? .unary { layer($0, in: $1) } : .general { layer.outputs(of: $0, in: $1) })
    }

    /// Fills in `lastReads`.
    private static func releasing(_ steps: [Step], keeping outputs: [Int]) -> [Step] {
        var steps = steps
        var isRead = Set(outputs)
        for index in steps.indices.reversed() {
            steps[index].lastReads = Set(steps[index].inputs).filter { isRead.insert($0).inserted }.sorted()
        }
        return steps
    }
}
