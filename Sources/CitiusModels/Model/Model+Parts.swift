import CitiusConfiguration
import CitiusLayers
import CitiusPlatform
import CitiusTensor

/// Looking into a model, and making another one of it.
extension Model {
    /// The layer of that name. Traps if there is none.
    public final func layer(named name: String) -> Layer {
        guard let layer = layers.first(where: { $0.name == name }) else {
            let names = layers.map { $0.label }.joined(separator: ", ")
            fail("layer(named:): \(label) has no layer \"\(name)\", expected one of \(names)")
        }
        return layer
    }

    /// The layer at that place among `layers`; negative numbers count from the end. Traps if there is none.
    public final func layer(at index: Int) -> Layer {
        let layers = layers
        let resolved = index < 0 ? index + layers.count : index
        guard layers.indices.contains(resolved) else {
            fail("layer(at:): \(label) has \(layers.count) layers, asked for number \(index)")
        }
        return layers[resolved]
    }

    // MARK: The graph

    /// The model's inputs, to make another model of some of its layers.
    ///
    /// ```swift
    /// let features = Model(inputs: model.inputs, outputs: [model.output(ofLayer: "flatten")])
    /// ```
    ///
    /// The new model shares the layers, and so their weights. Traps if the model has no graph: if it is a class of one's
    /// own, or is not built yet.
    public final var inputs: [Input] {
        let graph = existingGraph(for: "inputs")
        let values = graph.drawn()
        return graph.inputs.compactMap { values[$0].layer as? Input }
    }

    /// The model's outputs in its graph, on which further layers can be called. Traps as `inputs` does.
    public final var outputs: [SymbolicTensor] {
        let graph = existingGraph(for: "outputs")
        let values = graph.drawn()
        return graph.outputs.map { values[$0] }
    }

    /// What a layer of the model gives in its graph. Keras's `layer.output`.
    ///
    /// - Parameters:
    ///   - name: the layer's.
    ///   - call: which of its calls, where the layer is shared.
    ///   - index: which of its outputs.
    ///
    /// Traps if there is no such value, or as `inputs` does.
    public final func output(ofLayer name: String, call: Int = 0, index: Int = 0) -> SymbolicTensor {
        let graph = existingGraph(for: "output(ofLayer:)")
        let layer = graph.nodes.first { $0.layer.name == name }?.layer ?? self.layer(named: name)
        let calls = graph.nodes.filter { $0.layer === layer }
        guard calls.indices.contains(call), calls[call].shapes.indices.contains(index) else {
            fail(
                "output(ofLayer:): \(layer.label) is called \(calls.count) times and has "
                    + "\(calls.first?.shapes.count ?? 0) outputs, asked for output \(index) of call \(call)")
        }
        return graph.drawn()[calls[call].outputs.lowerBound + index]
    }

    /// Whether the layers' outputs can be asked for: not of a class of one's own, nor before a `Sequential` is built.
    package final var hasGraph: Bool { graph != nil }

    private final func existingGraph(for operation: String) -> LayerGraph {
        guard let graph else {
            fail(
                "\(operation): \(label) has no graph; "
                    + (self is Sequential
                        ? "build it, or begin it with an Input"
                        : "it says itself how a batch passes through it"))
        }
        return graph
    }

    // MARK: Copies

    /// The architecture as JSON text in Keras's schema, which `keras.models.model_from_json` reads, and `fromJSON`.
    ///
    /// - Throws: as `architecture` does.
    public final func toJSON() throws(SavingError) -> String { try architecture().text() }

    /// A model of an architecture as `toJSON` writes it, and Keras's `model.to_json()`. Its weights are drawn anew.
    ///
    /// - Parameters:
    ///   - types: what layers and functions the description may name; those of your own are added to the library's.
    ///   - seed: of everything random that the model does; nil takes one at random.
    /// - Throws: a `SavingError` if the text is no JSON, or describes no model that can be made.
    public static func fromJSON(
        _ text: String, types: ConfigurationTypes = .library, seed: UInt64? = nil
    ) throws(SavingError) -> Model {
        let json: JSON
        do throws(JSON.ParsingError) {
            json = try JSON(parsing: text)
        } catch {
            throw SavingError(.architecture, "the text is no JSON: \(error)")
        }
        return try make(from: json, types: types, seed: seed)
    }

    /// A model of the same architecture, its weights drawn anew: Keras's `clone_model`.
    ///
    /// ```swift
    /// let fresh = try model.clone(seed: 1)
    /// let copy = try model.clone(copyingWeights: true)
    /// ```
    ///
    /// Nothing is shared. It is not compiled. Layers of your own take part if they describe themselves.
    ///
    /// - Parameters:
    ///   - types: functions of your own that the layers use, by their names; the layers' types are known.
    ///   - seed: of everything random that the copy does; nil takes one at random.
    ///   - copyingWeights: whether it begins with this model's weights.
    /// - Throws: a `SavingError` if a layer does not describe itself.
    public final func clone(
        types: ConfigurationTypes = .library, seed: UInt64? = nil, copyingWeights: Bool = false
    ) throws(SavingError) -> Model {
        let copy = try Model.make(from: architecture(), types: .describing(self, adding: types), seed: seed)
        if copyingWeights, isBuilt {
            if !copy.isBuilt, let inputShapes { copy.build(inputShapes: inputShapes) }
            copy.weights = weights
        }
        return copy
    }
}
