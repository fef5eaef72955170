import CitiusAutograd
import CitiusLayers

/// The rules, applied to a graph.
extension LayerFusion {
    /// Results of a graph that are computed in one pass, the last of which is kept.
    struct GraphStep {
        let layers: [Layer]
        /// The numbers of the results it reads, and of the one it gives.
        let inputs: [Int]
        let output: Int
        let forward: ([Variable], Context) -> Variable
        /// The numbers of the results that no later step reads.
        var lastReads: [Int] = []
    }

    /// The steps of a graph: of the longest chains of layers whose results are read by the next alone, and of the
    /// layers in between.
    static func steps(of nodes: [LayerGraph.Node]) -> [GraphStep] {
        var readers = [[Int]](repeating: [], count: nodes.count)
        for (number, node) in nodes.enumerated() {
            for input in node.inputs { readers[input].append(number) }
        }
        /// The only one to read a result, if there is just one. The output, which the caller sees, has none.
        func reader(of number: Int) -> Int? { readers[number].count == 1 ? readers[number][0] : nil }

        var steps: [GraphStep] = []
        var isTaken = [Bool](repeating: false, count: nodes.count)
        func take(_ numbers: ArraySlice<Int>, _ forward: @escaping ([Variable], Context) -> Variable) {
            guard let first = numbers.first, let last = numbers.last else { return }
            for number in numbers { isTaken[number] = true }
            steps.append(
                GraphStep(
                    layers: numbers.map { nodes[$0].layer }, inputs: nodes[first].inputs, output: last,
                    forward: forward))
        }
        for (number, node) in nodes.enumerated() where !isTaken[number] && !node.inputs.isEmpty {
            if let next = reader(of: number), let clamp = clamp(nodes[next], of: node) {
                take([number, next]) { inputs, _ in
                    inputs[0].added(to: inputs[1], epilogue: Epilogue(clamp: clamp))
                }
                continue
            }
            guard node.inputs.count == 1 else {
                take([number]) { node.layer.call($0, in: $1) }
                continue
            }
            var chain = [number]
            while let next = reader(of: chain[chain.count - 1]), nodes[next].inputs.count == 1 {
                chain.append(next)
            }
            var rest = chain[...]
            for step in Self.steps(of: chain.map { nodes[$0].layer }) {
                take(rest.prefix(step.layers.count)) { step.forward($0[0], $1) }
                rest = rest.dropFirst(step.layers.count)
            }
        }
        return releasing(steps)
    }

    /// The layers of a graph one by one.
    static func unfusedSteps(of nodes: [LayerGraph.Node]) -> [GraphStep] {
        releasing(
            nodes.enumerated().filter { !$1.inputs.isEmpty }.map { number, node in
                GraphStep(layers: [node.layer], inputs: node.inputs, output: number) {
                    node.layer.call($0, in: $1)
                }
            })
    }

    private static func releasing(_ steps: [GraphStep]) -> [GraphStep] {
        var steps = steps
        var isRead: Set<Int> = []
        for index in steps.indices.reversed() {
            steps[index].lastReads = Set(steps[index].inputs).filter { isRead.insert($0).inserted }.sorted()
        }
        return steps
    }
}
