import CitiusAutograd
import CitiusKernels
import CitiusLayers
import CitiusPlatform
import CitiusTensor

/// The layers of a model that is made of its inputs and outputs, and what each is computed from.
struct LayerGraph {
    /// A layer's result. A layer that is called at several places has a node for each.
    struct Node {
        let layer: Layer
        /// The numbers of the nodes that the layer reads.
        let inputs: [Int]
        /// The shape of one sample.
        let shape: Shape
    }

    /// Those that the output depends on, each behind what it reads; the first is the input's.
    let nodes: [Node]
    /// The number of the output's node.
    let output: Int
    /// Each once, in Keras's order.
    let layers: [Layer]
    private let steps: [LayerFusion.GraphStep]
    private let fusedSteps: [LayerFusion.GraphStep]

    /// Traps if the output does not depend on the input, or depends on another.
    init(from input: Input, to output: SymbolicTensor, model: String) {
        let places = Self.places(before: output)
        var numbers: [ObjectIdentifier: Int] = [:]
        for (number, place) in places.enumerated() { numbers[place.identity] = number }
        let others = places.filter { $0.inputs.isEmpty && $0.layer !== input }
        require(
            numbers[ObjectIdentifier(input)] != nil,
            "\(model): the outputs do not depend on the inputs, \(Self.list([input])), but on "
                + Self.list(others.map { $0.layer }))
        require(
            others.isEmpty,
            "\(model): the outputs depend on \(Self.list(others.map { $0.layer })) too, expected on the "
                + "inputs, \(Self.list([input])), alone")
        nodes = places.map { place in
            Node(
                layer: place.layer, inputs: place.inputs.compactMap { numbers[$0.identity] },
                shape: place.shape)
        }
        self.output = nodes.count - 1
        var seen: Set<ObjectIdentifier> = []
        layers = nodes.map { $0.layer }.filter { seen.insert(ObjectIdentifier($0)).inserted }
        steps = LayerFusion.unfusedSteps(of: nodes)
        fusedSteps = LayerFusion.steps(of: nodes)
    }

    private static func list(_ inputs: [Layer]) -> String {
        inputs.map { "\($0.label) \(($0 as? Input)?.shape ?? [])" }.joined(separator: ", ")
    }

    /// Whether each layer reads the one before it alone, and none occurs twice.
    var isChain: Bool {
        layers.count == nodes.count && nodes.allSatisfy { $0.inputs.count <= 1 }
    }

    /// Builds the layers for the shapes that they were called on.
    func build(_ generator: inout RandomGenerator) {
        for node in nodes {
            let shapes = node.inputs.isEmpty ? [node.shape] : node.inputs.map { nodes[$0].shape }
            node.layer.buildIfNeeded(inputShapes: shapes, generator: &generator)
        }
    }

    /// Computes the output of a batch. A value is let go as soon as the last layer that reads it has run.
    func forward(_ input: Variable, in context: Context) -> Variable {
        var values = [Variable?](repeating: nil, count: nodes.count)
        values[0] = input
        for step in context.acceleration.fusesLayers ? fusedSteps : steps {
            values[step.output] = step.forward(step.inputs.compactMap { values[$0] }, context)
            for number in step.lastReads { values[number] = nil }
        }
        guard let result = values[output] else { fail("LayerGraph: no step computed the output") }
        return result
    }

    // MARK: Order

    /// The places that an output is computed from and itself, in the order in which Keras lists their layers:
    /// those farthest from the output first, by the longest way; of the same distance, as they are met on a walk
    /// from the output. A shared layer is as far as the farthest of its places.
    private static func places(before output: SymbolicTensor) -> [SymbolicTensor] {
        let (places, ranks) = walk(from: output)
        var depths: [ObjectIdentifier: Int] = [:]
        var layerDepths: [ObjectIdentifier: Int] = [:]
        for place in places.reversed() {
            let layer = ObjectIdentifier(place.layer)
            let depth = max(depths[place.identity, default: 0], layerDepths[layer, default: 0])
            depths[place.identity] = depth
            layerDepths[layer] = depth
            for input in place.inputs {
                depths[input.identity] = max(depths[input.identity, default: 0], depth + 1)
            }
        }
        let keys = places.enumerated().map { number, place in
            (-depths[place.identity, default: 0], ranks[ObjectIdentifier(place.layer), default: 0], number)
        }
        return places.indices.sorted { keys[$0] < keys[$1] }.map { places[$0] }
    }

    /// The places, each behind those it is computed from, and at which number a layer was first met.
    ///
    /// Depth first, without recursion: the graph may be deeper than the stack.
    private static func walk(
        from output: SymbolicTensor
    ) -> (places: [SymbolicTensor], ranks: [ObjectIdentifier: Int]) {
        var places: [SymbolicTensor] = []
        var ranks: [ObjectIdentifier: Int] = [:]
        var met: Set<ObjectIdentifier> = []
        var rest = [(place: output, isReady: false)]
        while let (place, isReady) = rest.popLast() {
            if isReady {
                places.append(place)
                continue
            }
            guard met.insert(place.identity).inserted else { continue }
            let layer = ObjectIdentifier(place.layer)
            ranks[layer] = ranks[layer] ?? ranks.count
            rest.append((place, true))
            rest += place.inputs.reversed().map { ($0, false) }
        }
        return (places, ranks)
    }
}
