// The carbon dioxide in the air above Mauna Loa, a year ahead: windows of a series, a GRU that learns what the last year
// does not tell, and forecasts without a network to beat. Leaves a picture of the last forecast.

import Citius
import CitiusExampleSupport
import CitiusPlatform

let options = Options(
    program: "co2-forecast",
    summary: "Forecasts the carbon dioxide in the air, week by week, a year ahead.",
    [
        .init("--data", "FILE", "a record like co2.csv, which lies beside the source and is the default"),
        .init("--epochs", "N", "passes over the training data; by default 120"),
        .init("--seed", "N", "of all that is random; by default 1"),
        .init("--picture", "FILE", "where the last forecast is drawn; by default co2-forecast.svg"),
        .init("--threads", "N", "by default as many as cores"),
    ],
    arguments: Array(CommandLine.arguments.dropFirst()))

if let threads = options.number("--threads") { Threads.count = threads }
let epochs = options.number("--epochs") ?? 120
let seed = UInt64(options.number("--seed", least: 0) ?? 1)
let picture = options.text("--picture") ?? "co2-forecast.svg"
/// Weeks of a year.
let year = 52
/// Weeks that the network sees.
let past = 3 * year

/// A value for every week, and when the first one is, in years.
func load(_ path: String) throws -> (start: Double, values: [Float]) {
    let table = try CSV.read(
        contentsOf: path, layout: TableLayout(target: "date", features: ["co2"], missing: .kept))
    let values = table.inputs.elements(as: Float.self)
    // Weeks without a value lie on the line between their neighbours.
    let known = values.enumerated().compactMap { week, value in
        value.isNaN ? nil : (week: week, value: value)
    }
    guard let first = known.first, table.targets.dtype == .int64, known.count > 20 * year else {
        throw DataError(
            .malformed,
            "\(path): expected dates such as 19580329, and values of more than \(20 * year) weeks.")
    }
    let date = Int(table.targets[first.week].scalar)
    var series = [first.value]
    for (from, to) in zip(known, known.dropFirst()) {
        for week in from.week + 1...to.week {
            let fraction = Float(week - from.week) / Float(to.week - from.week)
            series.append(from.value + fraction * (to.value - from.value))
        }
    }
    print(
        "\(series.count) weeks from \(date / 10_000), \(series.count - known.count) of them between values that are known"
    )
    let month = date / 100 % 100
    return (Double(date / 10_000) + (Double(month - 1) + Double(date % 100) / 31) / 12, series)
}

/// Windows of the past, and the year that follows each: all whose years lie in a range of weeks.
func windows(_ series: Tensor, forecasting range: Range<Int>) -> Dataset {
    let part = series[range.lowerBound - past..<range.upperBound]
    let years = Dataset.timeseriesWindows(part[past..<part.shape[0]], sequenceLength: year)
    return Dataset.timeseries(part.expandingAxis(at: 1), targets: years, sequenceLength: past)
}

/// From the past [weeks, 1] to the next year [weeks], both in ppm.
///
/// The last year's changes, from where the air is now, are a good forecast, to which the network adds what it has
/// learned.
func makeModel(_ train: Dataset) -> Model {
    let ppm = Input(past, 1, name: "past")
    let last = Cropping1D(before: past - 1, after: 0)(ppm)
    let yearBefore = Cropping1D(before: past - 1 - year, after: year)(ppm)
    let lastYear = Cropping1D(before: past - year, after: 0)(ppm)
    let again = Flatten(name: "again")(lastYear - yearBefore + last)

    // What the network sees are differences, as a trend leaves every range that it has been trained for.
    let differences = ppm - last
    let normalization = Normalization(axis: nil)
    normalization.adapt(on: Model(inputs: ppm, outputs: differences)(train.inputs))
    // Four weeks at a time: single ones are noisy.
    let months = Conv1D(32, kernelSize: 4, strides: 4, activation: .relu)(normalization(differences))
    let state = GRU(128)(months)
    return Model(inputs: ppm, outputs: again + Dense(year)(state), seed: seed)
}

do {
    let (start, values) = try load(options.text("--data") ?? besideSource("co2.csv"))
    let series = Tensor(values)
    // The last ten years test, the four before validate.
    let (validationStart, testStart) = (values.count - 14 * year, values.count - 10 * year)
    let train = windows(series, forecasting: past..<validationStart)
    let validation = windows(series, forecasting: validationStart..<testStart)
    let test = windows(series, forecasting: testStart..<values.count)
    print("\(train.count) windows to train, \(validation.count) to validate, \(test.count) to test\n")

    let model = makeModel(train)
    let steps = epochs * ((train.count + 31) / 32)
    model.compile(
        optimizer: AdamW(
            learningRate: CosineDecay(initialLearningRate: 0.002, decaySteps: steps), weightDecay: 1),
        loss: .meanSquaredError, metrics: [.meanAbsoluteError])
    print(model.summary())
    try model.fit(train, epochs: epochs, verbose: .silent)
    let validated = try model.evaluate(validation, verbose: .silent)
    print(
        "\n\(epochs) epochs; mean error in the validation's years \(fixed(validated["mean_absolute_error"], decimals: 2)) ppm"
    )

    // In ppm: what is now stays; the last year once more; its changes once more.
    let forecast = try model.predict(test)
    let past = test.inputs.squeezed(axis: 2)
    let weeks = past.shape[1]
    let now = past.sliced(weeks - 1..<weeks, axis: 1)
    let lastYear = past.sliced(weeks - year..<weeks, axis: 1)
    let changed = lastYear - past.sliced(weeks - 1 - year..<weeks - year, axis: 1) + now
    let forecasts = [
        ("now for ever", now + Tensor(zeros: test.targets.shape)), ("the last year again", lastYear),
        ("its changes again", changed), ("the network", forecast),
    ]
    var table = Table(
        header: ["Mean error, ppm", "next 4 weeks", "next 26", "next 52"], rightAligned: [1, 2, 3])
    for (name, forecast) in forecasts {
        let errors = (forecast - test.targets).abs()
        table.add(
            [name] + [4, 26, year].map { fixed(errors.sliced(0..<$0, axis: 1).mean().scalar, decimals: 2) })
    }
    print("\n" + table.description)

    // The last year that there is, behind the four before it.
    let origin = values.count - year
    func points(_ values: [Float], from week: Int) -> [(x: Double, y: Double)] {
        values.enumerated().map { (start + Double(week + $0) * 7 / 365.2425, Double($1)) }
    }
    func lastOnes(_ forecasts: Tensor) -> [Float] { forecasts[test.count - 1].elements(as: Float.self) }
    try LineChart(
        title: "Carbon dioxide above Mauna Loa, ppm", horizontalTitle: "year",
        series: [
            .init(
                name: "measured",
                points: points(Array(values[(origin - 4 * year)...]), from: origin - 4 * year)),
            .init(name: "forecast", points: points(lastOnes(forecast), from: origin)),
            .init(name: "changes again", points: points(lastOnes(changed), from: origin), isDashed: true),
        ], width: 760, height: 360
    ).plot(to: picture)
    print("\nDrew the forecast of the last year: \(picture)")
} catch {
    complain("co2-forecast: \(error)")
    exit(1)
}
