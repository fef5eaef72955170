import CitiusConfiguration
import CitiusLayers
import CitiusTensor

extension Model {
    /// A model of an architecture in Keras's schema: what `architecture()` gives, and Keras's `model.to_json()`.
    ///
    /// ```swift
    /// let model = try Model.make(from: JSON(parsing: text), seed: 1)
    /// ```
    ///
    /// Its weights are drawn anew.
    ///
    /// - Parameters:
    ///   - types: what layers and functions the description may name; those of your own are added to the library's.
    ///   - seed: of everything random that the model does; nil takes one at random.
    /// - Throws: a `SavingError` that names the place of what cannot be made.
    public static func make(
        from architecture: JSON, types: ConfigurationTypes = .library, seed: UInt64? = nil
    ) throws(SavingError) -> Model {
        try LayerMaking(types: types, seed: seed, weights: nil).model(architecture)
    }

    /// The same with the parameters' values from a file: see `ParameterSource`.
    package static func make(
        from architecture: JSON, types: ConfigurationTypes, seed: UInt64?, weights: ParameterSource
    ) throws(SavingError) -> Model {
        let model = try LayerMaking(types: types, seed: seed, weights: weights).model(architecture)
        model.dropParameterSource()
        return model
    }
}

extension Layer {
    /// A layer of its description in Keras's schema, called with the given arguments beside its inputs.
    package static func described(
        by description: JSON, callArguments: JSON = [:], types: ConfigurationTypes = .library
    ) throws(SavingError) -> Layer {
        try LayerMaking(types: types, seed: nil, weights: nil).layer(description, callArguments)
    }
}

/// Makes layers and models of their descriptions.
struct LayerMaking {
    let types: ConfigurationTypes
    let seed: UInt64?
    /// The values that parameters are made of; nil: their initializers'.
    let weights: ParameterSource?

    /// The whole model.
    func model(_ json: JSON) throws(SavingError) -> Model {
        guard let model = try layer(json, at: "", weights, isRoot: true) as? Model else {
            throw fault("", "the description is of a layer, expected one of a model")
        }
        return model
    }

    /// A layer alone.
    func layer(_ json: JSON, _ callArguments: JSON) throws(SavingError) -> Layer {
        let layer = try layer(json, at: "", weights)
        try give(callArguments, to: layer, "")
        return layer
    }

    /// - Parameter path: where the description stands, for messages.
    private func layer(
        _ json: JSON, at path: String, _ source: ParameterSource?, isRoot: Bool = false
    ) throws(SavingError) -> Layer {
        guard let name = json["class_name"]?.string else {
            throw fault(path, "there is no class_name")
        }
        guard let config = json["config"] else { throw fault(path, "\(name) has no config") }
        let here =
            path.isEmpty ? name : "\(path), \(name)" + (config["name"]?.string.map { " \"\($0)\"" } ?? "")
        let layer: Layer =
            switch name {
            case "Sequential": try sequential(config, here, source, isRoot)
            case "Functional", "Model": try functional(config, here, source, isRoot)
            case _ where json["module"]?.string?.hasPrefix(Operation.moduleOfAll) == true:
                try operation(name, config, json["inbound_nodes"]?.array ?? [], here)
            default: try plain(name, config, here, source)
            }
        if config["trainable"]?.bool == false { layer.isTrainable = false }
        return layer
    }

    /// What Keras computes without a layer. Its calls say what it is given beside tensors.
    private func operation(
        _ className: String, _ config: JSON, _ calls: [JSON], _ path: String
    ) throws(SavingError) -> Layer {
        guard calls.count == 1 else { throw fault(path, "it is called \(calls.count) times, expected once") }
        guard let operation = Operation(className: className, config: config, call: calls[0]) else {
            let known = Operation.Kind.allCases.map { $0.rawValue }.joined(separator: ", ")
            throw fault(path, "there is no operation \"\(className)\", but \(known)")
        }
        return operation
    }

    private func plain(
        _ className: String, _ config: JSON, _ path: String, _ source: ParameterSource?
    ) throws(SavingError) -> Layer {
        guard let type = types.type(named: className, in: (any ConfigurableLayer.Type).self) else {
            throw fault(
                path,
                "there is no layer \"\(className)\"; name one of your own to the loader: "
                    + "types: .library.adding(\(className).self)")
        }
        let layer = try make(type, config, path, source)
        if let source, let fault = (layer as? any AssetsLayer)?.take(assets: source) {
            throw self.fault(path, fault)
        }
        return layer
    }

    private func make<Made: ConfigurableLayer>(
        _ type: Made.Type, _ config: JSON, _ path: String, _ source: ParameterSource?
    ) throws(SavingError) -> Layer {
        let configuration: Made.Configuration
        var activityRegularizer: Regularizer?
        do throws(JSON.CodingFailure) {
            configuration = try config.decoded(
                userInfo: [
                    .configurationTypes: types,
                    .nestedLayers: NestedLayerMaking { json, attribute in
                        let name = json["config"]?["name"]?.string ?? ""
                        let within = source?.within(name, attribute: attribute)
                        return try self.layer(json, at: path, within)
                    },
                ])
            if let penalty = config["activity_regularizer"], penalty != .null {
                activityRegularizer = try penalty.decoded(userInfo: [.configurationTypes: types])
            }
        } catch {
            throw fault(path, "\(error)")
        }
        if let fault = configuration.fault { throw self.fault(path, fault) }
        let layer = type.init(configuration: configuration, name: config["name"]?.string)
        layer.activityRegularizer = activityRegularizer
        // Where it says that outputs are integers, all there is to say is said.
        let isOfOutputs = (layer as? any IntegerOutputLayer)?.givesIntegers ?? false
        if !(layer is Input), !isOfOutputs { layer.dtype = try dtype(config, path) }
        return layer
    }

    /// The type of a layer: a name, or Keras's policy of one.
    private func dtype(_ config: JSON, _ path: String) throws(SavingError) -> DType {
        let policy = config["dtype"]
        let name = policy?.string ?? policy?["config"]?["name"]?.string
        guard let name else { return .float32 }
        guard let dtype = DType(rawValue: name), dtype.isFloatingPoint else {
            throw fault(path, "the dtype is \(name), expected float32 or float64")
        }
        return dtype
    }

    // MARK: Models

    /// Where the layers of a model within a model find their values.
    private func within(_ source: ParameterSource?, _ layer: JSON) -> ParameterSource? {
        let name = layer["name"]?.string ?? layer["config"]?["name"]?.string
        return name.flatMap { source?.within($0, attribute: $0) }
    }

    private func sequential(
        _ config: JSON, _ path: String, _ source: ParameterSource?, _ isRoot: Bool
    ) throws(SavingError) -> Layer {
        guard let descriptions = config["layers"]?.array else { throw fault(path, "there are no layers") }
        let model = Sequential(
            name: config["name"]?.string, seed: isRoot ? seed : nil, dtype: try dtype(config, path))
        model.parameterSource = source
        var layers: [Layer] = []
        for description in descriptions {
            layers.append(try layer(description, at: path, within(source, description)))
        }
        try checkNames(layers, path)
        // All at once, so that a name that is given does not meet one that was made up before it.
        var names = LayerNames()
        names.give(to: layers.filter { !($0 is Input) }, in: path)
        var shape: Shape?
        if !(layers.first is Input), let sizes = config["build_input_shape"]?.array?.dropFirst() {
            let sizes = sizes.compactMap { $0.int }.filter { $0 > 0 }
            if sizes.count == (config["build_input_shape"]?.array?.count ?? 0) - 1 { shape = Shape(sizes) }
        }
        for (index, layer) in layers.enumerated() where index > 0 && layer is Input {
            throw fault(path, "an InputLayer stands behind other layers")
        }
        for layer in layers {
            if let fault = model.append(layer) { throw self.fault(path, fault) }
        }
        if let shape {
            try check(layers, from: shape, path)
            model.build(inputShape: shape)
        }
        return model
    }

    /// Throws what would trap as the layers are added: one that cannot take what the one before it gives.
    private func check(_ layers: [Layer], from shape: Shape, _ path: String) throws(SavingError) {
        var shapes = [shape]
        for layer in layers {
            if let fault = layer.fault(ofInputs: shapes) {
                throw self.fault(path, "\(layer.label): \(fault)")
            }
            // Only the layer itself, once built, knows what another layer of layers gives.
            guard layer.sublayers.isEmpty || layer is Model || layer.isBuilt else { return }
            shapes = layer.outputShapes(for: shapes)
        }
    }

    private func checkNames(_ layers: [Layer], _ path: String) throws(SavingError) {
        var names: Set<String> = []
        for layer in layers where !layer.name.isEmpty {
            guard names.insert(layer.name).inserted else {
                throw fault(path, "two layers are called \"\(layer.name)\"")
            }
        }
    }

    private func functional(
        _ config: JSON, _ path: String, _ source: ParameterSource?, _ isRoot: Bool
    ) throws(SavingError) -> Layer {
        guard let descriptions = config["layers"]?.array else { throw fault(path, "there are no layers") }
        var layers: [String: Layer] = [:]
        var waiting: [(layer: Layer, calls: [JSON])] = []
        let needed = try namesOfNeeded(descriptions, config, path)
        /// What the calls of layers gave so far.
        var results: [String: [[SymbolicTensor]]] = [:]
        for description in descriptions {
            let name = description["name"]?.string ?? description["config"]?["name"]?.string
            if let name, !needed.contains(name) { continue }
            let layer = try layer(description, at: path, within(source, description))
            guard let name, layers.updateValue(layer, forKey: name) == nil
            else { throw fault(path, "a layer has no name, or that of another one") }
            layer.name = name
            results[name] = (layer as? Input).map { [[$0.symbol]] } ?? []
            waiting.append((layer, layer is Input ? [] : description["inbound_nodes"]?.array ?? []))
        }
        /// The values at a place `[layer, call, output]`; nil if they are not computed yet.
        func value(_ place: JSON) throws(SavingError) -> SymbolicTensor? {
            guard let parts = place.array, parts.count == 3, let name = parts[0].string,
                let call = parts[1].int,
                let output = parts[2].int, let calls = results[name], call >= 0, output >= 0
            else { throw fault(path, "\(place.text()) is no place of a layer's output") }
            guard call < calls.count else { return nil }
            guard output < calls[call].count else {
                throw fault(path, "\(place.text()): the layer has \(calls[call].count) outputs")
            }
            return calls[call][output]
        }
        /// The arguments that are properties of layers here.
        var callSettings: [String: [String]] = [:]
        // Calls may read what stands behind them, where layers are shared: until nothing moves.
        var isMoving = true
        while isMoving {
            isMoving = false
            for index in waiting.indices {
                while let call = waiting[index].calls.first {
                    let (places, names) = Self.places(of: call, layer: waiting[index].layer)
                    var inputs: [SymbolicTensor] = []
                    for place in places {
                        guard let input = try value(place) else { break }
                        inputs.append(input)
                    }
                    guard inputs.count == places.count, !inputs.isEmpty else { break }
                    let layer = waiting[index].layer
                    guard inputs.count == 1 || layer.takesSeveralInputs else {
                        throw self.fault(path, "\(layer.label): \(inputs.count) inputs, expected 1")
                    }
                    if let names, let fault = (layer as? any NamedInputsLayer)?.take(inputs: names) {
                        throw self.fault(path, "\(layer.label): \(fault)")
                    }
                    let settings = Self.settings(of: call, layer: layer, inputs: places.count)
                    if let earlier = callSettings.updateValue(settings, forKey: layer.name),
                        earlier != settings
                    {
                        throw self.fault(
                            path,
                            "\(layer.label) is called with \(earlier) and with \(settings), expected the same in all calls"
                        )
                    }
                    layer.noteTexts(among: inputs)
                    if let fault = layer.fault(ofInputs: inputs.map { $0.shape }) {
                        throw self.fault(path, "\(layer.label): \(fault)")
                    }
                    try give(call["kwargs"] ?? [:], to: layer, path)
                    results[layer.name, default: []].append(layer.outputs(of: inputs))
                    waiting[index].calls.removeFirst()
                    isMoving = true
                }
            }
        }
        func values(_ key: String) throws(SavingError) -> [SymbolicTensor] {
            var values: [SymbolicTensor] = []
            for place in Self.places(key, of: config) {
                guard let value = try value(place) else {
                    throw fault(path, "\(key): \(place.text()) is never computed")
                }
                values.append(value)
            }
            return values
        }
        let inputs = try values("input_layers").compactMap { $0.layer as? Input }
        let outputs = try values("output_layers")
        let reached = LayerGraph.inputs(before: outputs)
        guard !inputs.isEmpty, !outputs.isEmpty,
            Set(inputs.map { ObjectIdentifier($0) }).count == inputs.count,
            Set(reached.map { ObjectIdentifier($0) }) == Set(inputs.map { ObjectIdentifier($0) })
        else { throw fault(path, "the outputs do not depend on just the inputs that are listed") }
        let types = Set(
            layers.values.filter {
                !($0 is Input || $0 is Operation) && ($0 as? any IntegerOutputLayer)?.givesIntegers != true
            }.map { $0.dtype })
        let model = Model(
            name: config["name"]?.string, seed: isRoot ? seed : nil,
            dtype: types.count == 1 ? types.first ?? .float32 : .float32)
        model.parameterSource = source
        if let fault = model.build(inputs, outputs) { throw self.fault(path, fault) }
        return model
    }

    /// The places that a call reads, in the order of the layer's inputs, and their names where these have some.
    private static func places(of call: JSON, layer: Layer) -> (places: [JSON], names: [String]?) {
        var all: [JSON] = []
        guard let order = (layer as? any NamedInputsLayer)?.inputNames else {
            collectPlaces(call["args"] ?? nil, &all)
            for (name, argument) in call["kwargs"]?.object ?? [:] where !isMask(name) {
                collectPlaces(argument, &all)
            }
            return (all, nil)
        }
        // Positions count for their arguments, whatever the file's order of the named ones.
        var given: [(String, JSON)] = Array(zip(order, call["args"]?.array ?? []))
        given += call["kwargs"]?.object?.map { ($0.0, $0.1) } ?? []
        var names: [String] = []
        for name in order where !isMask(name) {
            let before = all.count
            for (key, value) in given where key == name { collectPlaces(value, &all) }
            if all.count > before { names.append(name) }
        }
        return (all, names)
    }

    /// What a call sets of a layer that takes arguments of calls for properties of its own.
    private static func settings(of call: JSON, layer: Layer, inputs: Int) -> [String] {
        guard layer is any CallArgumentsLayer else { return [] }
        let flags = (call["kwargs"]?.object ?? [:]).filter {
            $1 != .null && $1 != false && $1["class_name"] == nil && $0 != "training" && !isMask($0)
        }
        let inputs = (layer as? any NamedInputsLayer)?.keywords(ofInputs: inputs) ?? []
        return inputs + flags.map { "\($0): \($1.text())" }.sorted()
    }

    /// Gives a layer the arguments of a call that are no tensors.
    private func give(_ arguments: JSON, to layer: Layer, _ path: String) throws(SavingError) {
        for (name, value) in arguments.object ?? [:] {
            var places: [JSON] = []
            Self.collectPlaces(value, &places)
            // The mode is the pass's, whatever a file says: Keras sets it anew too.
            guard places.isEmpty, value != .null, name != "training", !Self.isMask(name),
                !(layer is Operation)
            else { continue }
            guard let layer = layer as? any CallArgumentsLayer else {
                throw fault(
                    path, "\(layer.label) is called with \(name): \(value.text()), which it does not know")
            }
            if let fault = layer.take(callArgument: name, value) {
                throw self.fault(path, "\(layer.label): \(fault)")
            }
        }
    }

    /// Whether an argument is a mask that Keras found by itself. Layers find theirs here too, so that neither the
    /// argument nor what computes it is read.
    private static func isMask(_ name: String) -> Bool {
        ["mask", "query_mask", "value_mask", "key_mask"].contains(name)
    }

    /// The names of the layers that the outputs depend on, not only by masks.
    private func namesOfNeeded(
        _ descriptions: [JSON], _ config: JSON, _ path: String
    ) throws(SavingError) -> Set<String> {
        var reads: [String: [JSON]] = [:]
        var classes: [String: String] = [:]
        for description in descriptions {
            guard let name = description["name"]?.string ?? description["config"]?["name"]?.string else {
                continue
            }
            classes[name] = description["class_name"]?.string
            for call in description["inbound_nodes"]?.array ?? [] {
                var places: [JSON] = []
                Self.collectPlaces(call["args"] ?? nil, &places)
                var masks: [JSON] = []
                for (argument, value) in call["kwargs"]?.object ?? [:] {
                    if Self.isMask(argument) {
                        Self.collectPlaces(value, &masks)
                    } else {
                        Self.collectPlaces(value, &places)
                    }
                }
                reads[name, default: []] += places
                if let given = masks.lazy.compactMap({ $0.array?.first?.string })
                    .first(where: { classes[$0] == "InputLayer" })
                {
                    throw fault(
                        path,
                        "\(name) is called with the input \"\(given)\" as its mask; masks come from layers "
                            + "(Masking, Embedding) here")
                }
            }
        }
        var needed: Set<String> = []
        var rest: [String] = []
        for key in ["input_layers", "output_layers"] {
            rest += Self.places(key, of: config).compactMap { $0.array?.first?.string }
        }
        while let name = rest.popLast() {
            guard needed.insert(name).inserted else { continue }
            rest += (reads[name] ?? []).compactMap { $0.array?.first?.string }
        }
        return needed
    }

    /// A model's inputs or outputs: one place, a list of them, or a dictionary, whose order is that of its keys, as in
    /// Keras.
    private static func places(_ key: String, of config: JSON) -> [JSON] {
        if let named = config[key]?.object { return named.sorted { $0.0 < $1.0 }.map { $0.1 } }
        let places = config[key]?.array ?? []
        return places.first?.string == nil ? places : [.array(places)]
    }

    /// The places of the graph's tensors within a call's arguments, in order.
    private static func collectPlaces(_ json: JSON, _ places: inout [JSON]) {
        if json["class_name"]?.string == "__keras_tensor__" {
            if let place = json["config"]?["keras_history"] { places.append(place) }
        } else if let array = json.array {
            for element in array { collectPlaces(element, &places) }
        } else if let object = json.object {
            for (_, member) in object { collectPlaces(member, &places) }
        }
    }

    private func fault(_ path: String, _ sentence: String) -> SavingError {
        SavingError(.architecture, path.isEmpty ? sentence : "\(path): \(sentence)")
    }
}
