import CitiusConfiguration
import CitiusLayers
import CitiusPlatform
import CitiusTensor

/// A model's graph on the way to become another one's: what compresses networks goes over its calls and draws each anew,
/// by a copy of its layer or by others. Nothing is shared with the model, which stays as it is.
package final class GraphRewriting {
    /// A call of a layer, of a `LayerGraph`.
    package struct Call {
        package let layer: Layer
        /// The values that it reads and gives, numbered through the graph.
        package let inputs: [Int]
        package let outputs: Range<Int>
        /// The shape of one sample of each output.
        package let shapes: [Shape]

        /// The only input's and the only output's number; nil if there are several.
        package var unary: (input: Int, output: Int)? {
            inputs.count == 1 && outputs.count == 1 ? (inputs[0], outputs.lowerBound) : nil
        }
    }

    package let model: Model
    /// The calls of layers, each behind what it reads; the inputs are not among them.
    package let calls: [Call]
    private let graph: LayerGraph
    private var copies: [ObjectIdentifier: Layer] = [:]
    private var values: [(layer: Layer, parameters: [Tensor])] = []

    /// - Throws: a `SavingError` if the model has no graph or is not built.
    package init(_ model: Model) throws(SavingError) {
        guard let graph = model.graph, model.isBuilt else {
            throw SavingError(
                .notConfigurable,
                "\(model.label) has no graph of layers to rewrite: build it, or draw it by Model(inputs:outputs:)"
            )
        }
        self.model = model
        self.graph = graph
        calls = graph.nodes.filter { !$0.inputs.isEmpty }.map {
            Call(layer: $0.layer, inputs: $0.inputs, outputs: $0.outputs, shapes: $0.shapes)
        }
    }

    // MARK: Looking

    /// The shape of one sample of a value.
    package func shape(of value: Int) -> Shape { graph.shapes[value] }

    /// The numbers of the calls that read a value.
    package private(set) lazy var readers: [Int: [Int]] = {
        var readers: [Int: [Int]] = [:]
        for (number, call) in calls.enumerated() {
            for value in call.inputs { readers[value, default: []].append(number) }
        }
        return readers
    }()

    /// The number of the call that gives a value; nil if it is an input.
    package private(set) lazy var givers: [Int: Int] = {
        var givers: [Int: Int] = [:]
        for (number, call) in calls.enumerated() {
            for value in call.outputs { givers[value] = number }
        }
        return givers
    }()

    package func isOutput(_ value: Int) -> Bool { graph.outputs.contains(value) }

    /// The number of the only call that reads a value; nil if there are several, or if it is an output of the model too.
    package func onlyReader(of value: Int) -> Int? {
        guard !isOutput(value), let readers = readers[value], readers.count == 1 else { return nil }
        return readers[0]
    }

    /// Whether a layer is called once.
    package func isCalledOnce(_ layer: Layer) -> Bool { calls.count { $0.layer === layer } == 1 }

    /// A model that gives these values of the graph, by the model's own layers.
    package func model(giving values: [Int]) -> Model {
        let symbols = graph.drawn()
        return Model(
            inputs: graph.inputs.compactMap { symbols[$0].layer as? Input },
            outputs: values.map { symbols[$0] },
            dtype: model.dtype)
    }

    // MARK: Drawing

    /// A copy of a layer, the same for each of its calls, with its parameters' values, or with new ones.
    ///
    /// - Throws: a `SavingError` if it does not describe itself.
    package func copy(_ layer: Layer, withValues: Bool = true) throws(SavingError) -> Layer {
        if let copy = copies[ObjectIdentifier(layer)] { return copy }
        let copy = try layer.copied()
        take(copy, for: layer)
        if withValues { set(layer.parameters.map { $0.value }, of: copy) }
        return copy
    }

    /// Has a layer stand for another one, under its name.
    package func take(_ replacement: Layer, for layer: Layer) {
        replacement.name = layer.name
        if replacement.isTrainable != layer.isTrainable { replacement.isTrainable = layer.isTrainable }
        copies[ObjectIdentifier(layer)] = replacement
    }

    /// What stands for a layer; nil if nothing does yet.
    package func replacement(of layer: Layer) -> Layer? { copies[ObjectIdentifier(layer)] }

    /// The values that a layer's parameters have once the new model is built, in their order.
    package func set(_ parameters: [Tensor], of layer: Layer) { values.append((layer, parameters)) }

    /// Draws all calls by `draw` and makes a model of them: a `Sequential` of a `Sequential`, if it is a chain still.
    ///
    /// - Parameters:
    ///   - seed: of what is drawn anew, and of what the new model does.
    ///   - draw: given a call and what its inputs have become, what its outputs become: by `copy` where there is
    ///     nothing to change, the input itself to leave the call out.
    /// - Throws: a `SavingError` if a layer does not describe itself, or what `draw` throws.
    package func drawn(
        seed: UInt64? = nil,
        _ draw: (_ number: Int, _ call: Call, _ inputs: [SymbolicTensor]) throws -> [SymbolicTensor]
    ) throws -> Model {
        var drawn: [Int: SymbolicTensor] = [:]
        var inputs: [Input] = []
        for value in graph.inputs {
            guard let layer = graph.nodes.first(where: { $0.outputs.contains(value) })?.layer as? Input else {
                fail("GraphRewriting: an input of \(model.label) is no Input")
            }
            let input = Input(configuration: layer.configuration, name: layer.name.isEmpty ? nil : layer.name)
            inputs.append(input)
            drawn[value] = input.symbol
        }
        for (number, call) in calls.enumerated() {
            let outputs = try draw(number, call, call.inputs.compactMap { drawn[$0] })
            for (value, output) in zip(call.outputs, outputs) { drawn[value] = output }
        }
        let outputs = graph.outputs.compactMap { drawn[$0] }
        let name = model.name.isEmpty ? nil : model.name
        let result: Model
        if model is Sequential, let layers = Self.chain(from: inputs[0], to: outputs[0]) {
            result = Sequential([inputs[0]] + layers, name: name, seed: seed, dtype: model.dtype)
        } else {
            result = Model(
                inputs: inputs, outputs: outputs, name: name, seed: seed, dtype: model.dtype)
        }
        for (layer, values) in self.values {
            for (parameter, value) in zip(layer.parameters, values) { parameter.value = value }
        }
        for (original, copy) in calls.compactMap({ call in
            replacement(of: call.layer).map { (call.layer, $0) }
        }) {
            for (parameter, old) in zip(copy.parameters, original.parameters) where parameter.name == old.name
            {
                parameter.isFrozen = old.isFrozen
            }
        }
        result.acceleration = model.acceleration
        return result
    }

    /// The layers from an input to an output, if each reads the one before alone and none occurs twice.
    private static func chain(from input: Input, to output: SymbolicTensor) -> [Layer]? {
        var layers: [Layer] = []
        var symbol = output
        while symbol.layer !== input {
            guard symbol.inputs.count == 1, symbol.call.outputShapes.count == 1 else { return nil }
            layers.append(symbol.layer)
            symbol = symbol.inputs[0]
        }
        return Set(layers.map { ObjectIdentifier($0) }).count == layers.count ? layers.reversed() : nil
    }
}

extension Layer {
    /// A layer that is made as this one was, of its own parameters, whose values are drawn anew.
    ///
    /// - Throws: a `SavingError` if it does not describe itself.
    package final func copied() throws(SavingError) -> Layer {
        // It has neither parameters nor a state.
        if self is Operation { return self }
        if let model = self as? Model { return try model.clone() }
        let arguments = (self as? any CallArgumentsLayer)?.callArguments ?? [:]
        let copy = try Layer.described(
            by: LayerDescription.json(of: self), callArguments: .object(arguments), types: .describing(self))
        if let own = self as? any NamedInputsLayer, let count = inputShapes?.count {
            _ = (copy as? any NamedInputsLayer)?.take(inputs: own.names(ofInputs: count))
        }
        return copy
    }
}

extension ConfigurationTypes {
    /// The library's types and those of a layer and its sublayers.
    static func describing(_ layer: Layer, adding types: ConfigurationTypes = .library) -> ConfigurationTypes
    {
        var types = types
        func add(_ layer: Layer) {
            if let described = layer as? any ConfigurableLayer, !(layer is Model),
                types.type(named: Swift.type(of: described).className, in: (any ConfigurableLayer.Type).self)
                    == nil
            {
                types.add([Swift.type(of: described)])
            }
            for sublayer in layer.sublayers { add(sublayer) }
        }
        add(layer)
        return types
    }
}
