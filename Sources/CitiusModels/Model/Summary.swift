import CitiusAutograd
import CitiusLayers
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor

extension Model {
    /// The model's layers with their output shapes and parameters, and the totals, as Keras prints them.
    ///
    /// `None` stands for the batch axis. Layers that are not built show `?` for what is not known yet. Where layers
    /// part, meet or occur twice, a fourth column says what each reads: `conv2d[1][0]` is what the second call of
    /// `conv2d` gives.
    ///
    /// Columns take the width that they need, as far as the line has it.
    ///
    /// - Parameters:
    ///   - lineLength: characters of a line; nil takes the terminal's width, or 100 where the standard output is none.
    ///   - expandNested: whether models within the model are followed by their layers.
    ///   - showTrainable: whether a column says which layers are trained (Y), which are not (N), and which have nothing
    ///     to train (-).
    public final func summary(
        lineLength: Int? = nil, expandNested: Bool = false, showTrainable: Bool = false
    ) -> String {
        let isChain = graph?.isChain ?? true
        var table = TextTable(
            ["Layer (type)", "Output Shape", "Param #"] + (isChain ? [] : ["Connected to"])
                + (showTrainable ? ["Trainable"] : []),
            leastWidths: (isChain ? Self.widths : Self.widthsOfGraphs) + (showTrainable ? [9] : []),
            // A list of names breaks first, then a name and its type. A broken shape or number would be hard to read.
            breakingColumns: isChain ? [0] : [3, 0])
        func add(_ model: Model, level: Int) {
            let connections = model.graph.flatMap { $0.isChain && level > 0 ? nil : $0.connections }
            for (number, layer) in model.layers.enumerated() {
                let prefix = level == 0 ? "" : String(repeating: "   ", count: level) + "└ "
                table.add(
                    [
                        prefix + model.title(of: layer), model.shapes(of: layer),
                        Self.parameterCount(of: layer),
                    ]
                        + (isChain ? [] : [connections?[number] ?? "-"])
                        + (showTrainable ? [Self.trainability(of: layer)] : []))
                if expandNested, let nested = layer as? Model { add(nested, level: level + 1) }
            }
        }
        add(self, level: 0)
        let lines = table.lines(width: lineLength ?? Console.width ?? 100)
        return (["Model: \"\(modelName)\""] + lines + totals()).joined(separator: "\n")
    }

    private final func title(of layer: Layer) -> String {
        "\(layer.name.isEmpty ? "?" : layer.name) (\(layer.typeName))"
    }

    /// The shapes of a layer's outputs within this model, `(None, 26, 26, 32)`; `?` if they are not known.
    final func shapes(of layer: Layer) -> String {
        let node = graph?.nodes.last { $0.layer === layer }
        let open = node.flatMap { node in graph.map { Array($0.openAxes[node.outputs]) } }
        return (node?.shapes ?? layer.outputShapes).map { Self.shapesDescription($0, open) } ?? "?"
    }

    static func parameterCount(of layer: Layer) -> String {
        layer.isBuilt ? Formatting.grouped(layer.parameterCount) : "0 (unbuilt)"
    }

    private static func trainability(of layer: Layer) -> String {
        layer.parameters.isEmpty ? "-" : layer.isTrainable ? "Y" : "N"
    }

    // Keras's columns in a terminal of 80 characters, where none needs more.
    private static var widths: [Int] { [31, 22, 13] }
    private static var widthsOfGraphs: [Int] { [19, 17, 10, 17] }

    private final func totals() -> [String] {
        let all = parameters
        var totals = [
            ("Trainable params", Self.size(of: all.filter { $0.isTrainable })),
            ("Non-trainable params", Self.size(of: all.filter { !$0.isTrainable })),
        ]
        if let optimizer, optimizer.iterations > 0 {
            let state = all.flatMap { optimizer.slots(of: $0) }
            // Keras counts the step (int64) and the learning rate (float32) too.
            totals.append(
                (
                    "Optimizer params",
                    (
                        state.reduce(2) { $0 + $1.count },
                        state.reduce(12) { $0 + $1.count * $1.dtype.byteCount }
                    )
                ))
        }
        let sum = totals.reduce((count: 0, bytes: 0)) { ($0.count + $1.1.count, $0.bytes + $1.1.bytes) }
        return ([("Total params", sum)] + totals).map { name, size in
            " \(name): \(Formatting.grouped(size.count)) (\(Formatting.memory(size.bytes)))"
        }
    }

    private static func size(of parameters: [Parameter]) -> (count: Int, bytes: Int) {
        parameters.reduce((0, 0)) {
            ($0.0 + $1.value.count, $0.1 + $1.value.count * $1.value.dtype.byteCount)
        }
    }

    /// One tuple, or those of several outputs in brackets.
    private static func shapesDescription(_ samples: [Shape], _ open: [Set<Int>]?) -> String {
        let tuples = samples.enumerated().map { shapeDescription($1, open?[$0] ?? []) }
            .joined(separator: ", ")
        return samples.count == 1 ? tuples : "[" + tuples + "]"
    }

    /// `(None, 26, 26, 32)`, as Python writes tuples.
    private static func shapeDescription(_ sample: Shape, _ open: Set<Int>) -> String {
        let sizes = sample.sizes.enumerated().map { open.contains($0) ? "None" : "\($1)" }
        return sizes.isEmpty ? "(None,)" : "(None, " + sizes.joined(separator: ", ") + ")"
    }
}

extension LayerGraph {
    /// What each layer reads, in the order of `layers`: the layers' names with the number of their call.
    fileprivate var connections: [String] {
        var calls: [ObjectIdentifier: Int] = [:]
        var values: [String] = []
        var reads: [ObjectIdentifier: [String]] = [:]
        for node in nodes {
            let layer = ObjectIdentifier(node.layer)
            let call = calls[layer, default: 0]
            for index in node.outputs.indices {
                values.append("\(node.layer.name)[\(call)][\(index - node.outputs.lowerBound)]")
            }
            calls[layer] = call + 1
            reads[layer, default: []] += node.inputs.map { values[$0] }
        }
        return layers.map {
            let reads = reads[ObjectIdentifier($0), default: []]
            return reads.isEmpty ? "-" : reads.joined(separator: ", ")
        }
    }
}
