import CitiusData
import CitiusLayers
import CitiusTensor
import Foundation
import Testing

@testable import CitiusModels

#if canImport(FoundationXML)
    import FoundationXML
#endif

/// Drawings are well formed, say what they are of, and survive what a training may leave behind.
@Suite struct PictureTests {
    /// The texts of an SVG file; fails if it is no XML, or if an attribute is no number where one is due.
    private func texts(_ picture: String, sourceLocation: SourceLocation = #_sourceLocation) -> [String] {
        final class Reader: NSObject, XMLParserDelegate {
            var texts: [String] = []
            var faults: [String] = []
            private var isText = false

            func parser(
                _ parser: XMLParser, didStartElement name: String, namespaceURI: String?,
                qualifiedName: String?, attributes: [String: String] = [:]
            ) {
                isText = name == "text" || name == "title"
                if isText { texts.append("") }
                for key in ["x", "y", "x1", "y1", "x2", "y2", "cx", "cy", "width", "height"] {
                    guard let value = attributes[key] else { continue }
                    if Double(value)?.isFinite != true { faults.append("\(name) \(key)=\(value)") }
                }
                for value in [attributes["d"], attributes["transform"]].compactMap({ $0 })
                where value.contains("nan") || value.contains("inf") { faults.append("\(name): \(value)") }
            }

            func parser(_ parser: XMLParser, foundCharacters string: String) {
                if isText { texts[texts.count - 1] += string }
            }

            func parser(
                _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
            ) { isText = false }
        }
        let reader = Reader()
        let parser = XMLParser(data: Data(picture.utf8))
        parser.delegate = reader
        #expect(parser.parse(), "\(String(describing: parser.parserError))", sourceLocation: sourceLocation)
        #expect(reader.faults == [], sourceLocation: sourceLocation)
        return reader.texts
    }

    private func history(_ logs: [Scores]) -> History {
        let history = History()
        for (epoch, var logs) in logs.enumerated() { history.onEpochEnd(epoch, logs: &logs) }
        return history
    }

    @Test func curvesOfATraining() throws {
        let history = history((0..<5).map { ["accuracy": 0.5, "loss": 1 / Double($0 + 1), "val_loss": 2] })
        let texts = texts(history.picture())
        // The loss comes first, with its validation; a curve alone needs no legend.
        #expect(
            texts.filter { ["loss", "accuracy", "training", "validation"].contains($0) }
                == ["validation", "training", "loss", "accuracy"])
        #expect(["1", "2", "3", "4", "5", "epoch"].allSatisfy { texts.contains($0) })
        #expect(self.texts(history.picture(names: ["accuracy"])).contains("accuracy"))
        let path = NSTemporaryDirectory() + "history-\(UUID().uuidString).svg"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try history.plot(to: path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == history.picture())
        #expect(throws: DataError.self) { try history.plot(to: "/nowhere/history.svg") }
    }

    @Test func curvesOfYourOwn() throws {
        let chart = LineChart(
            title: "ppm", horizontalTitle: "year",
            series: [
                .init(name: "measured", points: [(1998.1, 365), (1999.2, 367)]),
                .init(name: "forecast", points: [(1999.2, 367), (2001.3, 370)], isDashed: true),
            ], width: 760, height: 360)
        let texts = texts(chart.picture())
        #expect(
            ["ppm", "year", "measured", "forecast", "1999", "2000", "2001"].allSatisfy { texts.contains($0) })
        // Nothing before the first point, and the size that was asked for.
        #expect(!texts.contains("1998"))
        #expect(chart.picture().contains("viewBox=\"0 0 760 360\""))
        let path = NSTemporaryDirectory() + "chart-\(UUID().uuidString).svg"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try chart.plot(to: path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == chart.picture())
    }

    @Test func curvesOfWhateverThereIs() {
        #expect(texts(history([]).picture()).contains("nothing recorded"))
        #expect(texts(history([["loss": 1]]).picture()).contains("1"))
        let broken = texts(history([["loss": 1], ["loss": .nan], ["loss": .infinity]]).picture())
        #expect(broken.contains("nan from epoch 2, 2 in all"))
        for value in [0, -3, 1e300, -1e300, 1e-300, 7, .nan, .infinity, -.infinity, .greatestFiniteMagnitude]
        {
            _ = texts(history([["loss": value], ["loss": value]]).picture())
            _ = texts(history([["loss": value], ["loss": 1]]).picture())
        }
        _ = texts(
            history([["loss": .greatestFiniteMagnitude], ["loss": -.greatestFiniteMagnitude]]).picture())
        let name =
            "a <name> & \"more\"\u{1} that does not fit into the width of a panel, whatever one does with it"
        var logs: Scores = ["loss": 1]
        logs[name] = 2
        #expect(texts(history([logs]).picture()).contains { $0.hasPrefix("a <name> & \"more\"�") })
    }

    @Test(arguments: [
        (0.0, 1.0, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]), (0.13, 0.94, ["0.2", "0.4", "0.6", "0.8"]),
        (-3, 3, ["-2", "0", "2"]), (0, 2.5e9, ["0", "5e+08", "1e+09", "1.5e+09", "2e+09", "2.5e+09"]),
        (1e-8, 4.1e-8, ["1e-08", "2e-08", "3e-08", "4e-08"]),
        (99.5, 100.5, ["99.6", "99.8", "100.0", "100.2", "100.4"]),
    ])
    func ticksAreRound(_ low: Double, _ high: Double, _ expected: [String]) {
        let ticks = Ticks(from: low, to: high, count: 5)
        #expect(ticks.numbers.map { ticks.text($0) } == expected)
    }

    @Test func confusions() throws {
        for count in [1, 2, 10, 26, 80] {
            let confusion = ConfusionMatrix(
                numClasses: count, classNames: (0..<count).map { "class <\($0)>" })
            #expect(texts(confusion.picture()).contains("accuracy 0.0000, 0 samples"))
            let labels = Tensor((0..<count).map { Int64($0) })
            confusion.update(predictions: labels.oneHot(max(count, 1)), targets: labels)
            let texts = texts(confusion.picture())
            #expect(texts.contains("accuracy 1.0000, \(count) samples"))
            #expect(texts.contains("class <0>") && texts.contains("predicted") && texts.contains("true"))
            #expect(texts.contains("1") == (count <= 25))
        }
    }

    private func branches() -> Model {
        let input = Input(4, name: "in")
        let inner = Sequential(name: "inner") {
            Input(4)
            Dense(3, name: "hidden")
            Dense(4, name: "gives")
        }
        let shared = Dense(4, name: "shared")
        let joined = Add(name: "sum")(shared(input), shared(inner(input)), input)
        return Model(inputs: input, outputs: Dense(2, name: "out")(joined), name: "branches")
    }

    @Test func models() {
        let model = branches()
        let folded = texts(model.picture())
        #expect(folded.contains("branches · \(model.parameterCount) parameters"))
        #expect(
            ["in", "inner", "shared", "shared[1]", "sum", "out", "Sequential"].allSatisfy {
                folded.contains($0)
            })
        #expect(folded.contains("(None, 4)") && folded.contains("20 parameters"))
        #expect(!folded.contains("hidden"))
        #expect(texts(model.picture(expandNested: true)).contains("hidden"))
        let bare = texts(model.picture(showShapes: false, showParameters: false))
        #expect(!bare.contains("(None, 4)") && !bare.contains("20 parameters"))
        // One edge for each that is read: 1 + 1 + 1 + 3 + 1.
        #expect(model.picture().components(separatedBy: "class=\"edge\"").count - 1 == 7)
        // Not built, and of one's own: boxes without edges.
        #expect(texts(Sequential { Dense(3) }.picture()).contains("Dense"))
        #expect(texts(Sequential().picture()).count == 1)
    }

    /// No two boxes overlap, whatever they read, and each is below what it reads.
    @Test(arguments: 0..<30)
    func boxesOfRandomGraphs(_ seed: Int) {
        var random = RandomGenerator(seed: UInt64(seed))
        let count = Int.random(in: 1...25, using: &random)
        let boxes = (0..<count).map { _ in
            GraphLayout.Size(
                width: .random(in: 20...300, using: &random), height: .random(in: 10...200, using: &random))
        }
        var edges: [GraphLayout.Edge] = []
        for to in 1..<max(count, 2) where to < count {
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                edges.append(.init(from: Int.random(in: 0..<to, using: &random), to: to))
            }
        }
        let layout = GraphLayout(boxes, edges)
        #expect(layout.places.count == count && layout.ways.count == edges.count)
        for edge in edges {
            #expect(
                layout.places[edge.from].y + boxes[edge.from].height < layout.places[edge.to].y,
                "seed \(seed)")
        }
        for a in 0..<count {
            #expect(
                layout.places[a].x >= -1e-6 && layout.places[a].x + boxes[a].width <= layout.size.width + 1e-6
            )
            #expect(
                layout.places[a].y >= 0 && layout.places[a].y + boxes[a].height <= layout.size.height + 1e-6)
            for b in 0..<a {
                let (p, q) = (layout.places[a], layout.places[b])
                let isApart =
                    p.x + boxes[a].width <= q.x || q.x + boxes[b].width <= p.x || p.y + boxes[a].height <= q.y
                    || q.y + boxes[b].height <= p.y
                #expect(isApart, "boxes \(a) and \(b), seed \(seed)")
            }
        }
    }
}
