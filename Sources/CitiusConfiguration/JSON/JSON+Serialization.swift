extension JSON {
    /// How a text is laid out.
    public enum Layout: Sendable {
        /// On one line, with a space behind colons and commas, as Python's `json.dumps` writes it.
        case compact
        /// A line per member and element, indented by two spaces.
        case pretty
    }

    /// The value as a JSON text that reads back as the same value.
    ///
    /// Numbers have the fewest digits that do so, and a point or an exponent, so that Python takes them for floats;
    /// integers have neither. NaN and the infinities are written as Python does it, `NaN` and `Infinity`, which is
    /// no JSON by the letter: `ParsingOptions.acceptsNonFiniteNumbers` reads them.
    ///
    /// - Parameter sortsKeys: whether an object's members go by their keys' bytes, or in their own order.
    public func text(_ layout: Layout = .compact, sortsKeys: Bool = false) -> String {
        var writer = JSONWriter(layout: layout, sortsKeys: sortsKeys)
        writer.write(self)
        return writer.text
    }
}

private struct JSONWriter {
    let layout: JSON.Layout
    let sortsKeys: Bool
    var text = ""
    var depth = 0

    mutating func write(_ value: JSON) {
        switch value {
        case .null: text += "null"
        case .bool(let bool): text += bool ? "true" : "false"
        case .integer(let integer): text += "\(integer)"
        case .number(let number): write(number)
        case .string(let string): write(string)
        case .array(let array):
            writeList("[", array, "]") { writer, element in writer.write(element) }
        case .object(let object):
            var members = Array(object)
            if sortsKeys { members.sort { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) } }
            writeList("{", members, "}") { writer, member in
                writer.write(member.0)
                writer.text += ": "
                writer.write(member.1)
            }
        }
    }

    private mutating func write(_ number: Double) {
        if number.isFinite {
            text += number.description
        } else {
            text += number.isNaN ? "NaN" : number < 0 ? "-Infinity" : "Infinity"
        }
    }

    private mutating func write(_ string: String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1F}":
                text += "\\u00\(scalar.value < 16 ? "0" : "")\(String(scalar.value, radix: 16))"
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }

    private mutating func writeList<Element>(
        _ opening: String, _ elements: [Element], _ closing: String,
        writeElement: (inout JSONWriter, Element) -> Void
    ) {
        text += opening
        depth += 1
        for (index, element) in elements.enumerated() {
            switch layout {
            case .compact: if index > 0 { text += ", " }
            case .pretty:
                if index > 0 { text += "," }
                breakLine()
            }
            writeElement(&self, element)
        }
        depth -= 1
        if case .pretty = layout, !elements.isEmpty { breakLine() }
        text += closing
    }

    private mutating func breakLine() {
        text += "\n"
        text += String(repeating: "  ", count: depth)
    }
}
