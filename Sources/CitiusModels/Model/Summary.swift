import CitiusAutograd
import CitiusLayers
import CitiusOptimizers
import CitiusTensor

extension Model {
    /// The model's layers with their output shapes and parameters, and the totals, as Keras prints them.
    ///
    /// `None` stands for the batch axis. Layers that are not built show `?` for what is not known yet.
    public final func summary() -> String {
        let header = ["Layer (type)", "Output Shape", "Param #"]
        var rows: [[String]] = []
        // A name that leaves no room for the type puts it on a second line, which carries a row on.
        var continues: [Bool] = []
        for layer in layers {
            let name = layer.name.isEmpty ? "?" : layer.name
            let type = "(\(Swift.type(of: layer)))"
            let shape = layer.inputShape.map { Self.shapeDescription(layer.outputShape(for: $0)) } ?? "?"
            let count = layer.isBuilt ? Formatting.grouped(layer.parameterCount) : "0 (unbuilt)"
            let fits = name.count + 1 + type.count <= Self.columnWidths[0]
            rows.append([fits ? "\(name) \(type)" : name, shape, count])
            continues.append(false)
            if fits { continue }
            rows.append([type, "", ""])
            continues.append(true)
        }
        // Longer contents widen a column.
        let widths = Self.columnWidths.enumerated().map { column, width in
            max(width, rows.map { $0[column].count }.max() ?? 0)
        }
        func line(_ cells: [String], _ bar: String) -> String {
            let padded = zip(cells, widths).enumerated().map { column, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 2 ? padding + cell.0 : cell.0 + padding
            }
            return "\(bar) " + padded.joined(separator: " \(bar) ") + " \(bar)"
        }
        func rule(_ left: String, _ middle: String, _ right: String, _ dash: String) -> String {
            left + widths.map { String(repeating: dash, count: $0 + 2) }.joined(separator: middle) + right
        }
        var lines = ["Model: \"\(modelName)\"", rule("┏", "┳", "┓", "━"), line(header, "┃")]
        lines.append(rule("┡", "╇", "┩", "━"))
        for (index, row) in rows.enumerated() {
            if index > 0 && !continues[index] { lines.append(rule("├", "┼", "┤", "─")) }
            lines.append(line(row, "│"))
        }
        lines.append(rule("└", "┴", "┘", "─"))
        return (lines + totals()).joined(separator: "\n")
    }

    /// Keras's, for a line of 80 characters.
    private static var columnWidths: [Int] { [31, 22, 13] }

    private final func totals() -> [String] {
        let all = parameters
        var totals = [
            ("Trainable params", Self.size(of: all.filter { $0.isTrainable })),
            ("Non-trainable params", Self.size(of: all.filter { !$0.isTrainable })),
        ]
        if let optimizer = optimizer as? FusedOptimizer, optimizer.iterations > 0 {
            let state = all.flatMap { optimizer.slots(of: $0) }
            // Keras counts the step (int64) and the learning rate (float32) too.
            totals.append(
                (
                    "Optimizer params",
                    (
                        state.reduce(2) { $0 + $1.count },
                        state.reduce(12) { $0 + $1.count * $1.dtype.byteCount }
                    )
                ))
        }
        let sum = totals.reduce((count: 0, bytes: 0)) { ($0.count + $1.1.count, $0.bytes + $1.1.bytes) }
        return ([("Total params", sum)] + totals).map { name, size in
            " \(name): \(Formatting.grouped(size.count)) (\(Formatting.memory(size.bytes)))"
        }
    }

    private static func size(of parameters: [Parameter]) -> (count: Int, bytes: Int) {
        parameters.reduce((0, 0)) {
            ($0.0 + $1.value.count, $0.1 + $1.value.count * $1.value.dtype.byteCount)
        }
    }

    /// `(None, 26, 26, 32)`, as Python writes tuples.
    private static func shapeDescription(_ sample: Shape) -> String {
        sample.rank == 0
            ? "(None,)" : "(None, " + sample.sizes.map { "\($0)" }.joined(separator: ", ") + ")"
    }
}
