import CitiusData
import CitiusPlatform

/// A drawing in the making, as the text of an SVG file. Colours are those of classes, which a reader who prefers dark
/// pages sees otherwise.
struct SVG {
    private(set) var body = ""

    /// How wide a text is about, in the sans-serif fonts that viewers take.
    static func width(of text: String, size: Double = 12) -> Double {
        text.unicodeScalars.reduce(0) { sum, character in
            let isWide = character.value >= 0x1100
            let isNarrow = "iljtfrI.,:;|!'()[] ".unicodeScalars.contains(character)
            let isBroad = character.properties.isUppercase || "mwMW%@".unicodeScalars.contains(character)
            return sum + size * (isWide ? 1 : isNarrow ? 0.33 : isBroad ? 0.72 : 0.56)
        }
    }

    /// A text cut to a width, with an ellipsis where something is missing.
    static func cut(_ text: String, to room: Double, size: Double = 12) -> String {
        if width(of: text, size: size) <= room { return text }
        var kept = text
        while !kept.isEmpty, width(of: kept + "…", size: size) > room { kept.removeLast() }
        return kept + "…"
    }

    enum Anchor: String { case start, middle, end }

    mutating func text(
        _ text: String, _ x: Double, _ y: Double, class kind: String = "t", anchor: Anchor = .start,
        size: Double = 12, turned: Double? = nil, fullText: String? = nil
    ) {
        let turn =
            turned.map { " transform=\"rotate(\(Self.number($0)) \(Self.number(x)) \(Self.number(y)))\"" }
            ?? ""
        let title = fullText.flatMap { $0 == text ? nil : "<title>\(Self.escaped($0))</title>" } ?? ""
        body +=
            "<text class=\"\(kind)\" x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" font-size=\"\(Self.number(size))\""
            + " text-anchor=\"\(anchor.rawValue)\"\(turn)>\(title)\(Self.escaped(text))</text>\n"
    }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class kind: String) {
        body +=
            "<line class=\"\(kind)\" x1=\"\(Self.number(x1))\" y1=\"\(Self.number(y1))\""
            + " x2=\"\(Self.number(x2))\" y2=\"\(Self.number(y2))\"/>\n"
    }

    mutating func rectangle(
        _ x: Double, _ y: Double, _ width: Double, _ height: Double, class kind: String, radius: Double = 0,
        opacity: Double? = nil
    ) {
        body +=
            "<rect class=\"\(kind)\" x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\""
            + " height=\"\(Self.number(height))\""
            + (radius > 0 ? " rx=\"\(Self.number(radius))\"" : "")
            + (opacity.map { " fill-opacity=\"\(Self.number($0))\"" } ?? "") + "/>\n"
    }

    mutating func path(_ commands: String, class kind: String, arrow: Bool = false) {
        body +=
            "<path class=\"\(kind)\" d=\"\(commands)\"" + (arrow ? " marker-end=\"url(#arrow)\"" : "")
            + "/>\n"
    }

    mutating func dot(_ x: Double, _ y: Double, class kind: String) {
        body += "<circle class=\"\(kind)\" cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"2.5\"/>\n"
    }

    mutating func add(_ other: SVG, x: Double, y: Double) {
        body += "<g transform=\"translate(\(Self.number(x)) \(Self.number(y)))\">\n\(other.body)</g>\n"
    }

    /// At most two decimals.
    static func number(_ value: Double) -> String {
        let rounded = (value * 100).rounded() / 100
        return rounded == rounded.rounded() ? "\(Int(rounded))" : "\(rounded)"
    }

    /// Characters that XML gives a meaning, or does not have at all.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF:
                result += "�"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The whole file.
    func document(width: Double, height: Double) -> String {
        let (w, h) = (Self.number(width.rounded(.up)), Self.number(height.rounded(.up)))
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(w)" height="\(h)" viewBox="0 0 \(w) \(h)" \
            font-family="system-ui, 'Segoe UI', 'Helvetica Neue', 'Liberation Sans', 'DejaVu Sans', sans-serif">
            <style>
            \(Self.style)
            </style>
            <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" \
            orient="auto"><path class="head" d="M0 0.5L8 4L0 7.5z"/></marker></defs>
            <rect class="page" width="\(w)" height="\(h)"/>
            \(body)</svg>

            """
    }

    /// How many series have colours of their own.
    static var colourCount: Int { light.count }
    // Okabe and Ito's colours, which colour-blind readers tell apart; lighter ones on dark pages.
    private static var light: [String] { ["#0072b2", "#d55e00", "#009e73", "#b0588b", "#a87900", "#3a8fc4"] }
    private static var dark: [String] { ["#58a6ff", "#ff9248", "#3fce9f", "#e39cc4", "#e8b93e", "#8fd0f5"] }

    private static var style: String {
        func rules(
            _ page: String, _ text: String, _ soft: String, _ grid: String, _ box: String, _ cell: String,
            _ series: [String]
        )
            -> String
        {
            var rules = """
                .page{fill:\(page)} .t{fill:\(text)} .b{fill:\(text);font-weight:600} .m{fill:\(soft)}
                .grid{stroke:\(grid);stroke-width:1} .axis{stroke:\(soft);stroke-width:1}
                .box{fill:\(box);stroke:\(soft);stroke-width:1} .frozen{stroke-dasharray:4 3}
                .edge{fill:none;stroke:\(soft);stroke-width:1.3} .head{fill:\(soft)}
                .cell{fill:\(cell)} .on{fill:#fff}
                """
            for (index, colour) in series.enumerated() {
                rules += "\n.s\(index){fill:none;stroke:\(colour);stroke-width:2;stroke-linejoin:round}"
                rules += " .d\(index){fill:\(colour)}"
            }
            return rules
        }
        return rules("#ffffff", "#1f2328", "#636c76", "#dfe3e8", "#f6f8fa", light[0], light)
            + "\n.dashed{stroke-dasharray:6 4}\n@media (prefers-color-scheme:dark){\n"
            + rules("#0d1117", "#e6edf3", "#9198a1", "#2a3138", "#161b22", "#1f6feb", dark) + "\n}"
    }

    /// Writes a text as a file, which appears under its name only when it is whole.
    static func write(_ document: String, to path: String) throws(DataError) {
        let file = try TemporaryFile(for: path)
        try file.write(Array(document.utf8))
        try file.commit()
    }
}
