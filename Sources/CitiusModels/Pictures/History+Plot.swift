import CitiusData
import CitiusPlatform

extension History {
    /// Writes the curves of the training as an SVG file: a panel for the loss and for each metric, with that of the
    /// validation beside it.
    ///
    /// ```swift
    /// let history = try model.fit(train, epochs: 10, validationSplit: 0.1)
    /// try history.plot(to: "history.svg")
    /// ```
    ///
    /// Light or dark, as the reader's pages are. The file appears when it is whole.
    ///
    /// - Parameter names: what to draw, without `val_`; nil: everything recorded.
    /// - Throws: a `DataError` if the file cannot be written.
    ///
    /// Traps if nothing of a given name was recorded.
    public func plot(to path: String, names: [String]? = nil) throws(DataError) {
        try SVG.write(picture(names: names), to: path)
    }

    /// The curves of the training as the text of an SVG file; see `plot(to:names:)`.
    public func picture(names: [String]? = nil) -> String {
        let recorded = self.names
        let prefix = "val_"
        func isValidation(_ name: String) -> Bool {
            name.hasPrefix(prefix) && recorded.contains(String(name.dropFirst(prefix.count)))
        }
        for name in names ?? [] {
            require(
                recorded.contains(name),
                "plot: the history has no \"\(name)\", expected one of \(recorded.joined(separator: ", "))")
        }
        // The loss comes first, whatever its name's place in the alphabet.
        let drawn =
            names ?? recorded.filter { $0 == "loss" } + recorded.filter { $0 != "loss" && !isValidation($0) }
        func points(_ name: String) -> [(x: Double, y: Double)] {
            zip(epochs, logs).compactMap { epoch, logs in
                logs.value(of: name).map { (Double(epoch + 1), $0) }
            }
        }
        let charts = (drawn.isEmpty ? ["loss"] : drawn).map { name in
            var series = [LineChart.Series(name: "training", points: points(name))]
            if recorded.contains(prefix + name) {
                series.append(.init(name: "validation", points: points(prefix + name), isDashed: true))
            }
            return LineChart(title: name, horizontalTitle: "epoch", series: series)
        }
        let columns = charts.count == 1 ? 1 : charts.count > 4 ? 3 : 2
        let (width, height) = (charts[0].width, charts[0].height)
        var svg = SVG()
        for (index, chart) in charts.enumerated() {
            svg.add(
                chart.drawn(), x: Double(index % columns) * width,
                y: Double(index / columns) * height)
        }
        let rows = (charts.count + columns - 1) / columns
        return svg.document(width: Double(columns) * width, height: Double(rows) * height)
    }
}
