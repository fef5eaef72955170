import CitiusConfiguration
import CitiusLayers
import CitiusTensor

/// Models and layers in Keras's serialization schema, as `keras.models.model_from_json` reads it.
extension Model {
    /// The model's architecture as JSON in Keras's schema: what `keras.models.model_from_json` reads, and
    /// `Model.make(from:)`. Weights and compilation are not part of it.
    ///
    /// - Throws: a `SavingError` if a layer does not describe itself, or if the model is a class of one's own that does
    ///   not.
    public final func architecture() throws(SavingError) -> JSON { try LayerDescription.json(of: self) }
}

/// Writes layers in Keras's envelope.
enum LayerDescription {
    static func json(of layer: Layer) throws(SavingError) -> JSON {
        if let model = layer as? Sequential { return try json(of: model) }
        if let model = layer as? Model, let graph = model.graph, type(of: model) == Model.self {
            return try json(of: model, graph)
        }
        if let operation = layer as? Operation { return json(of: operation) }
        guard let layer = layer as? any ConfigurableLayer else {
            throw SavingError(
                .notConfigurable,
                "\(layer.label) does not describe itself, so that a model with it cannot be saved whole: make its "
                    + "class a ConfigurableLayer, or save the weights alone (saveWeights).")
        }
        return try json(ofConfigurable: layer)
    }

    private static func json<Described: ConfigurableLayer>(
        ofConfigurable layer: Described
    ) throws(SavingError) -> JSON {
        var config = common(layer)
        if let regularizer = layer.activityRegularizer {
            do throws(JSON.CodingFailure) {
                config["activity_regularizer"] = try JSON(encoding: regularizer)
            } catch {
                throw SavingError(.notConfigurable, "\(layer.label): \(error)")
            }
        }
        if let input = layer as? Input {
            config = [
                "name": .string(layer.name),
                "dtype": .string(
                    input.givesText ? "string" : (input.configuration.dtype ?? layer.dtype).rawValue),
                "sparse": false, "ragged": false, "optional": false,
            ]
        }
        // Keras takes it for that of the outputs there.
        if (layer as? any IntegerOutputLayer)?.givesIntegers == true { config["dtype"] = "int64" }
        do throws(JSON.CodingFailure) {
            for (key, value) in try JSON(encoding: layer.configuration, userInfo: nested).object ?? [:]
            where config[key] == nil {
                config[key] = value
            }
        } catch {
            throw SavingError(.notConfigurable, "\(layer.label): \(error)")
        }
        // The only layers of Keras that do not take it.
        if layer is SpatialDropout || layer is Discretization { config["trainable"] = nil }
        return envelope(module: Described.module, class: Described.className, config, of: layer)
    }

    private static func json(of operation: Operation) -> JSON {
        var config: JSON.Object = ["name": .string(operation.name)]
        for (name, value) in operation.arguments { config[name] = value }
        let className = operation.kind.rawValue
        return [
            "module": .string(Operation.module(of: operation.kind)), "class_name": .string(className),
            "config": .object(config), "registered_name": .string(className),
        ]
    }

    private static let nested: [CodingUserInfoKey: any Sendable] = [
        .nestedLayers: NestedLayerDescribing { layer in try json(of: layer) }
    ]

    private static func json(of model: Sequential) throws(SavingError) -> JSON {
        var layers: [JSON] = []
        if let input = model.input ?? model.graph?.nodes.first?.layer as? Input {
            if input.name.isEmpty { input.name = "input_layer" }
            layers.append(try json(ofConfigurable: input))
        }
        for layer in model.layers { layers.append(try json(of: layer)) }
        var config = common(model)
        config["layers"] = .array(layers)
        if let input = model.graph?.nodes.first?.layer as? Input {
            config["build_input_shape"] = json(
                of: input.shape, open: Set(input.openAxes), isText: input.givesText)
        }
        return envelope(module: "keras", class: "Sequential", config, of: model)
    }

    private static func json(of model: Model, _ graph: LayerGraph) throws(SavingError) -> JSON {
        // Which call of its layer a node is, and which node and output a value.
        var calls: [ObjectIdentifier: Int] = [:]
        var places: [JSON] = []
        var dtypes: [String] = []
        var inbound: [ObjectIdentifier: [JSON]] = [:]
        for node in graph.nodes {
            let layer = ObjectIdentifier(node.layer)
            let call = calls[layer, default: 0]
            calls[layer] = call + 1
            for index in node.shapes.indices {
                places.append([.string(node.layer.name), .integer(Int64(call)), .integer(Int64(index))])
                let dtype = (node.layer as? Input)?.configuration.dtype ?? model.dtype
                dtypes.append(node.layer.givesText ? "string" : dtype.rawValue)
            }
            guard !node.inputs.isEmpty else { continue }
            let tensors = node.inputs.map { value -> JSON in
                [
                    "class_name": "__keras_tensor__",
                    "config": [
                        "shape": json(
                            of: graph.shapes[value], open: graph.openAxes[value],
                            isText: dtypes[value] == "string"),
                        "dtype": .string(dtypes[value]),
                        "keras_history": places[value],
                    ],
                ]
            }
            if let operation = node.layer as? Operation {
                inbound[layer, default: []].append(
                    ["args": .array(operation.callArguments(tensors)), "kwargs": [:]])
                continue
            }
            let takesList =
                node.layer is MergingLayer || node.layer is any ListLayer
                || node.layer is Model && tensors.count > 1
            var keywords = (node.layer as? any CallArgumentsLayer)?.callArguments ?? [:]
            let names = (node.layer as? any NamedInputsLayer)?.keywords(ofInputs: tensors.count) ?? []
            for (name, tensor) in zip(names, tensors.suffix(names.count)) { keywords[name] = tensor }
            let positional = tensors.dropLast(names.count)
            var arguments: JSON = .array(takesList ? [.array(Array(positional))] : Array(positional))
            if let keyword = (node.layer as? any KeywordInputsLayer)?.inputsKeyword, tensors.count > 1 {
                arguments = [tensors[0]]
                keywords[keyword] = .array(Array(tensors.dropFirst()))
            }
            inbound[layer, default: []].append(["args": arguments, "kwargs": .object(keywords)])
        }
        var layers: [JSON] = []
        for layer in graph.layers {
            var description = try json(of: layer).object ?? [:]
            description["name"] = .string(layer.name)
            description["inbound_nodes"] = .array(inbound[ObjectIdentifier(layer)] ?? [])
            layers.append(.object(description))
        }
        let config: JSON.Object = [
            "name": .string(model.modelName), "trainable": .bool(model.isTrainable), "layers": .array(layers),
            "input_layers": list(graph.inputs.map { places[$0] }),
            "output_layers": list(graph.outputs.map { places[$0] }),
        ]
        // Where Keras has it.
        var description = envelope(
            module: "keras.src.models.functional", class: "Functional", config, of: nil
        ).object
        description?["registered_name"] = "Functional"
        return description.map { .object($0) } ?? .null
    }

    // MARK: Parts

    /// One place stands by itself, as Keras writes it.
    private static func list(_ places: [JSON]) -> JSON { places.count == 1 ? places[0] : .array(places) }

    private static func common(_ layer: Layer) -> JSON.Object {
        [
            "name": .string((layer as? Model)?.modelName ?? layer.name),
            "trainable": .bool(layer.isTrainable),
            "dtype": [
                "module": "keras", "class_name": "DTypePolicy",
                "config": ["name": .string(layer.dtype.rawValue)],
                "registered_name": nil,
            ],
        ]
    }

    private static func envelope(
        module: String?, class className: String, _ config: JSON.Object, of layer: Layer?
    ) -> JSON {
        var envelope: JSON.Object = [
            "module": module.map { .string($0) } ?? nil, "class_name": .string(className),
            "config": .object(config), "registered_name": module == nil ? .string(className) : nil,
        ]
        if let layer, !(layer is Input), let shapes = layer.inputShapes {
            let list = shapes.enumerated().map { index, shape in
                json(of: shape, isText: layer is any TextLayer && layer.inputDType(at: index) == .uint8)
            }
            let isBuiltByFirst = list.count == 1 || layer is any KeywordInputsLayer
            if let names = (layer as? any NamedShapesLayer)?.shapeNames {
                var named: JSON.Object = [:]
                for (name, shape) in zip(names, list) { named[name] = shape }
                envelope["build_config"] = ["shapes_dict": .object(named)]
                return .object(envelope)
            }
            envelope["build_config"] = [
                "input_shape": isBuiltByFirst && !(layer is MergingLayer) ? list[0] : .array(list)
            ]
        }
        return .object(envelope)
    }

    /// `[null, 28, 28, 1]`; without the bytes of strings, which Keras's shapes do not have.
    private static func json(of sample: Shape, open: Set<Int> = [], isText: Bool = false) -> JSON {
        let sizes = sample.sizes.enumerated().map { open.contains($0) ? JSON.null : .integer(Int64($1)) }
        return .array([.null] + (isText ? sizes.dropLast() : sizes))
    }
}
