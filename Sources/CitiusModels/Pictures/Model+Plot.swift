import CitiusData
import CitiusLayers
import CitiusPlatform

extension Model {
    /// Writes a drawing of the model as an SVG file: a box for each call of a layer, with its output's shape and its
    /// number of parameters, and an edge to each that reads it. Follows `keras.utils.plot_model`.
    ///
    /// ```swift
    /// try model.plot(to: "model.svg", expandNested: true)
    /// ```
    ///
    /// Layers that are held fixed have a dashed border. A class of one's own, which says itself how a batch passes through
    /// it, shows its layers one below the other, without edges. The file appears when it is whole.
    ///
    /// - Parameters:
    ///   - showShapes: whether boxes say the shape of their output.
    ///   - showParameters: whether boxes say how many parameters their layer has.
    ///   - expandNested: whether models within the model show their layers.
    /// - Throws: a `DataError` if the file cannot be written.
    public final func plot(
        to path: String, showShapes: Bool = true, showParameters: Bool = true, expandNested: Bool = false
    ) throws(DataError) {
        try SVG.write(
            picture(showShapes: showShapes, showParameters: showParameters, expandNested: expandNested),
            to: path)
    }

    /// A drawing of the model as the text of an SVG file; see `plot(to:showShapes:showParameters:expandNested:)`.
    public final func picture(
        showShapes: Bool = true, showParameters: Bool = true, expandNested: Bool = false
    ) -> String {
        let drawing = ModelDrawing(
            showShapes: showShapes, showParameters: showParameters, expandNested: expandNested)
        let content = drawing.content(of: self)
        var svg = SVG()
        let title = "\(modelName) · \(Formatting.grouped(parameterCount)) parameters"
        let width = max(content.size.width, SVG.width(of: title, size: 14)) + 40
        svg.text(title, width / 2, 28, class: "b", anchor: .middle, size: 14)
        svg.add(content.svg, x: (width - content.size.width) / 2, y: 46)
        return svg.document(width: width, height: content.size.height + 66)
    }
}

/// How a model's boxes are drawn.
private struct ModelDrawing {
    let showShapes: Bool
    let showParameters: Bool
    let expandNested: Bool

    struct Content {
        var svg: SVG
        var size: GraphLayout.Size
    }

    private static let lineHeight = 16.0
    private static let mostWidth = 320.0
    /// How much wider bold letters are.
    private static let bold = 1.08

    func content(of model: Model) -> Content {
        let calls: [(layer: Layer, call: Int, inputs: [Int])]
        if let graph = model.graph {
            var counts: [ObjectIdentifier: Int] = [:]
            var producers: [Int] = []
            calls = graph.nodes.enumerated().map { number, node in
                producers += node.outputs.map { _ in number }
                let call = counts[ObjectIdentifier(node.layer), default: 0]
                counts[ObjectIdentifier(node.layer)] = call + 1
                return (node.layer, call, node.inputs.map { producers[$0] })
            }
        } else {
            calls = model.layers.map { ($0, 0, []) }
        }
        let boxes = calls.map { box($0.layer, call: $0.call, in: model) }
        // Without a graph the order stands for edges that are not drawn.
        let isKnown = model.graph != nil
        let edges =
            isKnown
            ? calls.enumerated().flatMap { to, call in call.inputs.map { GraphLayout.Edge(from: $0, to: to) }
            }
            : boxes.indices.dropFirst().map { GraphLayout.Edge(from: $0 - 1, to: $0) }
        let layout = GraphLayout(boxes.map { $0.size }, edges)
        var svg = SVG()
        if isKnown { draw(edges, layout, boxes.map { $0.size }, &svg) }
        for (box, place) in zip(boxes, layout.places) { svg.add(box.svg, x: place.x, y: place.y) }
        return Content(svg: svg, size: layout.size)
    }

    private func box(_ layer: Layer, call: Int, in model: Model) -> Content {
        let name =
            (layer.name.isEmpty ? layer is Input ? "input" : "?" : layer.name) + (call > 0 ? "[\(call)]" : "")
        var lines: [String] = []
        if showShapes { lines.append(model.shapes(of: layer)) }
        if showParameters, !(layer is Input), layer.parameterCount > 0 || !layer.isBuilt {
            lines.append("\(Model.parameterCount(of: layer)) parameters")
        }
        let nested = expandNested ? (layer as? Model).map { content(of: $0) } : nil
        let widths =
            [SVG.width(of: name) * Self.bold + 14 + SVG.width(of: layer.typeName, size: 11)]
            + lines.map { SVG.width(of: $0, size: 11) }
        let width = max(110, min(Self.mostWidth, widths.max() ?? 0) + 24, (nested?.size.width ?? 0) + 32)
        let header = Self.lineHeight * Double(1 + lines.count) + 14
        let height = header + (nested.map { $0.size.height + 22 } ?? 0)
        var svg = SVG()
        let isFrozen = !layer.parameters.isEmpty && !layer.isTrainable
        svg.rectangle(0, 0, width, height, class: isFrozen ? "box frozen" : "box", radius: 6)
        let type = layer.typeName
        let typeWidth = SVG.width(of: type, size: 11)
        let shownName = SVG.cut(name, to: max(40, (width - 37 - typeWidth) / Self.bold))
        svg.text(shownName, 12, 20, class: "b", fullText: name)
        svg.text(
            SVG.cut(type, to: width - 36 - SVG.width(of: shownName) * Self.bold, size: 11), width - 12, 20,
            class: "m",
            anchor: .end, size: 11, fullText: type)
        for (index, line) in lines.enumerated() {
            svg.text(
                SVG.cut(line, to: width - 24, size: 11), 12, 20 + Self.lineHeight * Double(index + 1),
                size: 11,
                fullText: line)
        }
        if let nested { svg.add(nested.svg, x: (width - nested.size.width) / 2, y: header + 8) }
        return Content(svg: svg, size: GraphLayout.Size(width: width, height: height))
    }

    private func draw(
        _ edges: [GraphLayout.Edge], _ layout: GraphLayout, _ sizes: [GraphLayout.Size], _ svg: inout SVG
    ) {
        for (index, edge) in edges.enumerated() {
            let (from, to) = (layout.places[edge.from], layout.places[edge.to])
            // Edges into one box end side by side, in the order of where they come from.
            let into = edges.indices.filter { edges[$0].to == edge.to }
                .sorted { (arrival(edges, layout, sizes, $0), $0) < (arrival(edges, layout, sizes, $1), $1) }
            let place = Double((into.firstIndex(of: index) ?? 0) + 1) / Double(into.count + 1)
            var (x, y) = (from.x + sizes[edge.from].width / 2, from.y + sizes[edge.from].height)
            var commands = "M\(SVG.number(x)) \(SVG.number(y))"
            func go(to nextX: Double, _ nextY: Double) {
                let middle = SVG.number((y + nextY) / 2)
                commands +=
                    "C\(SVG.number(x)) \(middle) \(SVG.number(nextX)) \(middle) \(SVG.number(nextX)) \(SVG.number(nextY))"
                (x, y) = (nextX, nextY)
            }
            for way in layout.ways[index] {
                go(to: way.x, way.top)
                commands += "L\(SVG.number(way.x)) \(SVG.number(way.bottom))"
                y = way.bottom
            }
            go(to: to.x + sizes[edge.to].width * place, to.y - 1)
            svg.path(commands, class: "edge", arrow: true)
        }
    }

    /// From where an edge comes into the last row.
    private func arrival(
        _ edges: [GraphLayout.Edge], _ layout: GraphLayout, _ sizes: [GraphLayout.Size], _ index: Int
    ) -> Double {
        let edge = edges[index]
        return layout.ways[index].last?.x ?? layout.places[edge.from].x + sizes[edge.from].width / 2
    }
}
