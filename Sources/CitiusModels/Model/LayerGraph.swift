import CitiusAutograd
import CitiusKernels
import CitiusLayers
import CitiusPlatform
import CitiusTensor
import Synchronization

/// The layers of a model and how they are connected: a chain for a `Sequential`, any acyclic graph for a functional model.
///
/// A node is one call of a layer. Nodes read and compute values, which are numbered from 0: first the model's inputs, then
/// the outputs of each node in turn.
struct LayerGraph {
    /// One call of a layer. A layer that is called several times has several nodes.
    struct Node {
        let layer: Layer
        /// The values that the layer reads.
        let inputs: [Int]
        /// The values that it computes.
        let outputs: Range<Int>
        /// The shape of one sample of each output.
        let shapes: [Shape]
    }

    /// The nodes that the outputs depend on, in topological order. The inputs' nodes come first and read nothing.
    let nodes: [Node]
    /// The values of the model's inputs and outputs.
    let inputs: [Int]
    let outputs: [Int]
    /// The layers without repetition, in Keras's order.
    let layers: [Layer]
    /// The shape of one sample of each value.
    let shapes: [Shape]
    /// The type that each input is converted to; nil for the model's.
    let inputDTypes: [DType?]
    /// The graph as a chain, if it is one.
    let chain: Chain?
    /// For each value, the axes of a sample whose size may vary because an input leaves it open.
    let openAxes: [Set<Int>]
    /// Why some layer cannot take inputs of other sizes along an open axis; nil if all can.
    let openAxesFault: String?
    /// The symbolic tensors that a functional model was made from; nil for a `Sequential`.
    let symbols: [SymbolicTensor]?
    private let otherShapes = OtherShapes()
    private let steps: [LayerFusion.Step]
    private let fusedSteps: [LayerFusion.Step]

    /// The shape of one sample of each input and of each output.
    var inputShapes: [Shape] { inputs.map { shapes[$0] } }
    var outputShapes: [Shape] { outputs.map { shapes[$0] } }

    /// The layers that compute the outputs.
    var outputLayers: [Layer] {
        outputs.compactMap { value in nodes.first { $0.outputs.contains(value) }?.layer }
    }

    private init(
        nodes: [Node], inputs: [Int], outputs: [Int], listingInputs: Bool, symbols: [SymbolicTensor]? = nil
    ) {
        self.symbols = symbols
        self.nodes = nodes
        self.inputs = inputs
        self.outputs = outputs
        let shapes = nodes.flatMap { $0.shapes }
        self.shapes = shapes
        (openAxes, openAxesFault) = Self.openAxes(of: nodes, shapes: shapes)
        var seen: Set<ObjectIdentifier> = []
        layers = nodes.filter { listingInputs || !$0.inputs.isEmpty }.map { $0.layer }
            .filter { seen.insert(ObjectIdentifier($0)).inserted }
        steps = LayerFusion.unfusedSteps(of: nodes, outputs: outputs)
        fusedSteps = LayerFusion.steps(of: nodes, outputs: outputs)
        inputDTypes = inputs.map { input in
            (nodes.first { $0.outputs.contains(input) }?.layer as? Input)?.configuration.dtype
        }
        chain = Chain(fused: fusedSteps, unfused: steps, inputs: inputs, outputs: outputs)
    }

    /// Steps of one input and one output, each reading the output of the one before. Running them needs no arrays.
    struct Chain {
        private let fused: [(Variable, Context) -> Variable]
        private let unfused: [(Variable, Context) -> Variable]

        fileprivate init?(
            fused: [LayerFusion.Step], unfused: [LayerFusion.Step], inputs: [Int], outputs: [Int]
        ) {
            guard inputs.count == 1, outputs.count == 1 else { return nil }
            func bodies(_ steps: [LayerFusion.Step]) -> [(Variable, Context) -> Variable]? {
                var value = inputs[0]
                var bodies: [(Variable, Context) -> Variable] = []
                for step in steps {
                    guard case .unary(let body) = step.body, step.inputs == [value] else { return nil }
                    bodies.append(body)
                    value = step.outputs.lowerBound
                }
                return value == outputs[0] ? bodies : nil
            }
            guard let fusedBodies = bodies(fused), let unfusedBodies = bodies(unfused) else { return nil }
            (self.fused, self.unfused) = (fusedBodies, unfusedBodies)
        }

        func forward(_ input: Variable, in context: Context) -> Variable {
            var value = input
            for body in context.acceleration.fusesLayers ? fused : unfused { value = body(value, context) }
            return value
        }
    }

    /// A chain of layers that are built for it.
    init(chain: [Layer], from input: Input) {
        var nodes = [Node(layer: input, inputs: [], outputs: 0..<1, shapes: [input.shape])]
        for layer in chain {
            let (last, number) = (nodes[nodes.count - 1], nodes.count)
            nodes.append(
                Node(
                    layer: layer, inputs: [number - 1], outputs: number..<number + 1,
                    shapes: layer.checkedOutputShapes(for: last.shapes)))
        }
        self.init(nodes: nodes, inputs: [0], outputs: [nodes.count - 1], listingInputs: false)
    }

    /// The values as something that layers can be called on: a chain is drawn now.
    func drawn() -> [SymbolicTensor] {
        if let symbols { return symbols }
        var values: [SymbolicTensor] = []
        for node in nodes {
            let call = LayerCall(
                node.layer, inputs: node.inputs.map { values[$0] }, outputShapes: node.shapes)
            values += call.outputs
        }
        return values
    }

    /// Traps if an output does not depend on the inputs, or depends on another, or if an input is given twice.
    init(from inputs: [Input], to outputs: [SymbolicTensor], model: String) {
        require(
            !inputs.isEmpty && !outputs.isEmpty,
            "\(model): \(inputs.count) inputs and \(outputs.count) outputs, expected at least one of each")
        require(
            Set(inputs.map { ObjectIdentifier($0) }).count == inputs.count,
            "\(model): an input is given twice among \(Self.list(inputs))")
        let calls = Self.calls(before: outputs)
        let reached = calls.filter { $0.inputs.isEmpty }
        for input in inputs {
            require(
                reached.contains { $0.layer === input },
                "\(model): the outputs do not depend on the input \(Self.list([input])), but on "
                    + Self.list(reached.map { $0.layer }))
        }
        let others = reached.map { $0.layer }.filter { layer in !inputs.contains { $0 === layer } }
        require(
            others.isEmpty,
            "\(model): the outputs depend on \(Self.list(others)) too, expected on the inputs, "
                + "\(Self.list(inputs)), alone")

        var firstValue: [ObjectIdentifier: Int] = [:]
        var nodes: [Node] = []
        var count = 0
        for call in calls {
            firstValue[call.identity] = count
            let values = count..<count + call.outputShapes.count
            nodes.append(
                Node(
                    layer: call.layer,
                    inputs: call.inputs.map { firstValue[$0.call.identity, default: 0] + $0.index },
                    outputs: values, shapes: call.outputShapes))
            count = values.upperBound
        }
        self.init(
            nodes: nodes, inputs: inputs.map { firstValue[ObjectIdentifier($0), default: 0] },
            outputs: outputs.map { firstValue[$0.call.identity, default: 0] + $0.index }, listingInputs: true,
            symbols: calls.flatMap { $0.outputs })
    }

    private static func list(_ inputs: [Layer]) -> String {
        inputs.map { "\($0.label) \(($0 as? Input)?.shapeDescription ?? "")" }.joined(separator: ", ")
    }

    // MARK: Open axes

    /// Whether the inputs may have these shapes.
    func takes(_ inputShapes: [Shape]) -> Bool {
        inputShapes == self.inputShapes
            || inputShapes.count == inputs.count && zip(inputLayers, inputShapes).allSatisfy { $0.takes($1) }
    }

    /// What keeps a layer from inputs of these shapes, which `takes` accepts; nil if nothing does.
    func fault(ofInputs inputShapes: [Shape]) -> String? { result(for: inputShapes).fault }

    /// The outputs' shapes for inputs of these shapes, which have no fault.
    func outputShapes(for inputShapes: [Shape]) -> [Shape] {
        let result = result(for: inputShapes)
        if let fault = result.fault { fail(fault) }
        return outputs.map { result.shapes[$0] }
    }

    /// `[None, 28, 28, 1]` of each input.
    var inputDescriptions: [String] { inputLayers.map { $0.shapeDescription } }

    private var inputLayers: [Input] {
        inputs.compactMap { value in nodes.first { $0.outputs.contains(value) }?.layer as? Input }
    }

    private typealias Result = (shapes: [Shape], fault: String?)

    private func result(for inputShapes: [Shape]) -> Result {
        if inputShapes == self.inputShapes { return (shapes, nil) }
        return otherShapes.result(for: inputShapes) {
            let byInput = Dictionary(
                zip(inputLayers.map { ObjectIdentifier($0) }, inputShapes),
                uniquingKeysWith: { first, _ in first })
            return Self.shapes(of: nodes) { byInput[ObjectIdentifier($0)] ?? $0.shape }
        }
    }

    /// What was found for the shapes that inputs had last: sequences often keep their length for a while.
    private final class OtherShapes: Sendable {
        private let last = Mutex<(inputs: [Shape], result: Result)?>(nil)

        func result(for inputs: [Shape], _ find: () -> Result) -> Result {
            if let last = last.withLock({ $0 }), last.inputs == inputs { return last.result }
            let result = find()
            last.withLock { $0 = (inputs, result) }
            return result
        }
    }

    /// The shapes of all values, for inputs of the given shapes; those behind a fault are left out.
    private static func shapes(of nodes: [Node], input: (Input) -> Shape) -> Result {
        var shapes: [Shape] = []
        for node in nodes {
            if let layer = node.layer as? Input {
                shapes.append(input(layer))
                continue
            }
            let inputs = node.inputs.map { shapes[$0] }
            if let fault = node.layer.fault(ofInputs: inputs) {
                return (shapes, "\(node.layer.label): \(fault)")
            }
            shapes += node.layer.outputShapes(for: inputs)
        }
        return (shapes, nil)
    }

    /// Compares the shapes with those for inputs of other sizes along their open axes.
    private static func openAxes(of nodes: [Node], shapes: [Shape]) -> ([Set<Int>], String?) {
        let closed = [Set<Int>](repeating: [], count: shapes.count)
        guard nodes.contains(where: { ($0.layer as? Input)?.openAxes.isEmpty == false }) else {
            return (closed, nil)
        }
        let others = Self.shapes(of: nodes) { input in
            Shape(input.shape.sizes.enumerated().map { input.openAxes.contains($0) ? $1 + 32 : $1 })
        }
        if let fault = others.fault {
            return (closed, "an input leaves the size of an axis open, but for another size " + fault)
        }
        let axes = zip(shapes, others.shapes).map { shape, other in
            Set(shape.sizes.indices.filter { shape.rank == other.rank && shape.sizes[$0] != other.sizes[$0] })
        }
        return (axes, nil)
    }

    /// Whether each layer reads the one before it alone, and none occurs twice.
    var isChain: Bool {
        inputs.count == 1 && Set(nodes.map { ObjectIdentifier($0.layer) }).count == nodes.count
            && nodes.enumerated().allSatisfy {
                $1.inputs == ($0 == 0 ? [] : [$0 - 1]) && $1.shapes.count == 1
            }
    }

    /// Builds the layers for the shapes that they were called on. Traps if one was built for others that do not go
    /// together with these.
    func build(_ generator: inout RandomGenerator) {
        for node in nodes {
            let shapes = node.inputs.isEmpty ? node.shapes : node.inputs.map { self.shapes[$0] }
            if let fault = node.layer.fault(ofInputs: shapes) { fail("\(node.layer.label): \(fault)") }
            node.layer.buildIfNeeded(inputShapes: shapes, generator: &generator)
        }
    }

    /// Computes the outputs of a batch. A value is let go as soon as the last layer that reads it has run.
    func forward(_ inputs: [Variable], in context: Context) -> [Variable] {
        var values = [Variable?](repeating: nil, count: shapes.count)
        for (number, input) in zip(self.inputs, inputs) { values[number] = input }
        for step in context.acceleration.fusesLayers ? fusedSteps : steps {
            switch step.body {
            case .unary(let body):
                guard let input = values[step.inputs[0]] else { break }
                if step.lastReads == step.inputs { values[step.inputs[0]] = nil }
                values[step.outputs.lowerBound] = body(input, context)
            case .general(let body):
                let results = body(step.inputs.compactMap { values[$0] }, context)
                for (number, result) in zip(step.outputs, results) { values[number] = result }
            }
            for number in step.lastReads { values[number] = nil }
        }
        return outputs.map { number in
            guard let result = values[number] else { fail("LayerGraph: no step computed an output") }
            return result
        }
    }

    /// The inputs that outputs depend on.
    static func inputs(before outputs: [SymbolicTensor]) -> [Layer] {
        calls(before: outputs).filter { $0.inputs.isEmpty }.map { $0.layer }
    }

    // MARK: Order

    /// The calls that the outputs are computed from, in the order in which Keras lists their layers: those farthest
    /// from the outputs first, by the longest way; of the same distance, as they are met on a walk from the outputs. A
    /// shared layer is as far as the farthest of its calls.
    private static func calls(before outputs: [SymbolicTensor]) -> [LayerCall] {
        let (calls, ranks) = walk(from: outputs)
        var depths: [ObjectIdentifier: Int] = [:]
        var layerDepths: [ObjectIdentifier: Int] = [:]
        for call in calls.reversed() {
            let layer = ObjectIdentifier(call.layer)
            let depth = max(depths[call.identity, default: 0], layerDepths[layer, default: 0])
            depths[call.identity] = depth
            layerDepths[layer] = depth
            for input in call.inputs {
                let identity = input.call.identity
                depths[identity] = max(depths[identity, default: 0], depth + 1)
            }
        }
        let keys = calls.enumerated().map { number, call in
            (-depths[call.identity, default: 0], ranks[ObjectIdentifier(call.layer), default: 0], number)
        }
        return calls.indices.sorted { keys[$0] < keys[$1] }.map { calls[$0] }
    }

    /// The calls, each behind those it is computed from, and at which number a layer was first met.
    ///
    /// Depth first, without recursion: the graph may be deeper than the stack.
    private static func walk(
        from outputs: [SymbolicTensor]
    ) -> (calls: [LayerCall], ranks: [ObjectIdentifier: Int]) {
        var calls: [LayerCall] = []
        var ranks: [ObjectIdentifier: Int] = [:]
        var met: Set<ObjectIdentifier> = []
        var rest = outputs.reversed().map { (call: $0.call, isReady: false) }
        while let (call, isReady) = rest.popLast() {
            if isReady {
                calls.append(call)
                continue
            }
            guard met.insert(call.identity).inserted else { continue }
            let layer = ObjectIdentifier(call.layer)
            ranks[layer] = ranks[layer] ?? ranks.count
            rest.append((call, true))
            rest += call.inputs.reversed().map { ($0.call, false) }
        }
        return (calls, ranks)
    }
}
