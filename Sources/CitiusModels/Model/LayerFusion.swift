import CitiusAutograd
import CitiusLayers
import CitiusTensor

/// Which layers of a graph are computed in one pass.
///
/// A layer that can take on what follows it says so (`EpilogueLayer`), and one that can be taken on says what it is
/// (`EpilogueStage`). The results are those of the layers one by one, within float rounding; a layer is therefore taken
/// on only if nobody else reads what lies between.
enum LayerFusion {
    /// Layers that are computed in one pass; only what the last of them gives is kept.
    struct Step {
        enum Body {
            /// Of one value, one value.
            case unary((Variable, Context) -> Variable)
            case general(([Variable], Context) -> [Variable])
        }

        let layers: [Layer]
        /// The values that it reads and gives.
        let inputs: [Int]
        let outputs: Range<Int>
        let body: Body
        /// The values that no later step reads.
        var lastReads: [Int] = []
    }

    /// What reads images: of images of a size, the pixels from the first on that it reads.
    private typealias PixelReader = (_ image: Size2D) -> Size2D?

    /// The layers of a graph one by one.
    static func unfusedSteps(of nodes: [LayerGraph.Node], outputs: [Int]) -> [Step] {
        releasing(nodes.filter { !$0.inputs.isEmpty }.map { step(of: $0) }, keeping: outputs)
    }

    /// The layers of a graph, each with those behind it that it takes on.
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
        // From the last on, as each is told who reads what it gives.
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

    /// By value, the number of the only call that reads it. The outputs are read by the caller.
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

    /// Calls that one layer computes.
    private struct Group {
        var nodes: [LayerGraph.Node]
        var epilogue: Epilogue

        var output: Int { nodes[nodes.count - 1].outputs.lowerBound }
        /// An output whose activity costs something is computed by itself and whole.
        private var head: (any EpilogueLayer)? {
            nodes[0].layer.activityRegularizer == nil ? nodes[0].layer as? any EpilogueLayer : nil
        }

        /// With one more call, which reads nothing else; nil where the head cannot take it on.
        func taking(_ next: LayerGraph.Node) -> Group? {
            guard let head, next.inputs.count == 1, nodes[nodes.count - 1].outputs.count == 1,
                next.layer.activityRegularizer == nil, let stage = (next.layer as? any EpilogueStage)?.stage,
                let longer = epilogue.followed(by: stage),
                head.takes(longer, inputCount: nodes[0].inputs.count)
            else { return nil }
            return Group(nodes: nodes + [next], epilogue: longer)
        }

        /// The epilogue for images of a size, of which the reader may leave pixels unread.
        private func epilogue(_ head: any EpilogueLayer, for image: Size2D, _ reader: PixelReader?)
            -> Epilogue
        {
            var result = epilogue
            if let reader, let size = head.outputSize(of: image) {
                result.extent = reader(epilogue.resultSize(of: size))
            }
            return result
        }

        /// How the group reads images where it does not read all of them.
        func pixelReader(_ reader: PixelReader?) -> PixelReader? {
            guard let head else { return nil }
            return { head.pixelsRead(of: $0, epilogue: epilogue(head, for: $0, reader)) }
        }

        func step(_ reader: PixelReader?) -> Step {
            guard let head else { return LayerFusion.step(of: nodes[0]) }
            let layers = nodes.map { $0.layer }
            /// One input: without a search for masks among several.
            func unaryBody(_ input: Variable, _ context: Context) -> Variable {
                if input.mask != nil { return layers.reduce(input) { $1($0, in: context) } }
                return head.forward([input], in: context, epilogue: epilogue(for: input.shape))
            }
            func epilogue(for shape: Shape) -> Epilogue {
                shape.rank == 4
                    ? self.epilogue(head, for: Size2D(shape[1], shape[2]), reader) : self.epilogue
            }
            func body(_ inputs: [Variable], _ context: Context) -> Variable {
                // Each layer decides about a mask by itself.
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

    /// A layer by itself.
    private static func step(of node: LayerGraph.Node) -> Step {
        let layer = node.layer
        return Step(
            layers: [layer], inputs: node.inputs, outputs: node.outputs,
            body: node.inputs.count == 1 && node.outputs.count == 1
                ? .unary { layer($0, in: $1) } : .general { layer.outputs(of: $0, in: $1) })
    }

    private static func releasing(_ steps: [Step], keeping outputs: [Int]) -> [Step] {
        var steps = steps
        var isRead = Set(outputs)
        for index in steps.indices.reversed() {
            steps[index].lastReads = Set(steps[index].inputs).filter { isRead.insert($0).inserted }.sorted()
        }
        return steps
    }
}
