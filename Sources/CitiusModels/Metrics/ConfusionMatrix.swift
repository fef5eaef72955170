import CitiusConfiguration
import CitiusPlatform
import CitiusTensor

/// How much weight samples of each class have that are predicted as each class: `[true class, predicted class]`.
///
/// Weights are added in float64 one by one, in the order of the samples.
struct ConfusionCells {
    let classes: Int
    private var cells: [Double]

    init(classes: Int) {
        self.classes = classes
        cells = [Double](repeating: 0, count: classes * classes)
    }

    subscript(label: Int, predicted: Int) -> Double { cells[label * classes + predicted] }

    /// How much weight each true class has.
    var rowSums: [Double] { (0..<classes).map { row in (0..<classes).reduce(0) { $0 + self[row, $1] } } }
    /// How much weight each predicted class has.
    var columnSums: [Double] {
        (0..<classes).map { column in (0..<classes).reduce(0) { $0 + self[$1, column] } }
    }

    var tensor: Tensor { Tensor(cells, shape: [classes, classes]) }

    /// Takes in numbers of classes; those outside of the classes, and labels `ignoring`, are left out.
    mutating func add(
        _ predicted: Tensor, _ labels: Tensor, weights: Tensor?, ignoring: Int? = nil, operation: String
    ) {
        require(
            predicted.count == labels.count,
            "\(operation): targets \(labels.shape) do not fit predictions \(predicted.shape)")
        let predicted = predicted.converted(to: .int64)
        let weights = weights.map {
            Weighting.expanded(
                $0.converted(to: .float64), to: Tensor(zeros: predicted.shape, dtype: .float64)
            )
            .expanded(to: predicted.shape).elements(as: Double.self)
        }
        let truths = labels.converted(to: .int64).elements(as: Int64.self)
        for (index, number) in predicted.elements(as: Int64.self).enumerated() {
            let label = truths[index]
            guard (0..<Int64(classes)).contains(number), (0..<Int64(classes)).contains(label),
                ignoring.map({ Int64($0) != label }) ?? true
            else { continue }
            cells[Int(label) * classes + Int(number)] += weights?[index] ?? 1
        }
    }

    var state: [Tensor] {
        get { [tensor] }
        set {
            reset()
            guard let tensor = newValue.first, tensor.dtype == .float64, tensor.shape == [classes, classes]
            else { return }
            cells = tensor.elements(as: Double.self)
        }
    }

    mutating func reset() { cells = [Double](repeating: 0, count: classes * classes) }
}

/// How often each class is taken for each: rows are the true classes, columns the predicted ones.
///
/// ```swift
/// let confusion = ConfusionMatrix(numClasses: 10)
/// confusion.update(predictions: try model.predict(test.inputs), targets: test.targets)
/// print(confusion)
/// try confusion.plot(to: "confusion.svg")
/// ```
///
/// Predictions `[batch, …, classes]`, of which the largest counts; targets, numbers of classes, `[batch, …]` or
/// `[batch, …, 1]`, or one-hot `[batch, …, classes]`. Among the metrics of `compile`, its result, and what logs show, is
/// the accuracy. Keras has none; its `tf.math.confusion_matrix` has the same rows and columns.
public final class ConfusionMatrix: Metric, ConfigurableMetric {
    public struct Configuration: Codable, Sendable {
        public var name: String?
        public var numClasses: Int
        public var classNames: [String]?

        init(name: String, numClasses: Int, classNames: [String]?) {
            (self.name, self.numClasses, self.classNames) = (name, numClasses, classNames)
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            numClasses = try container.decode(Int.self, forKey: .numClasses)
            classNames = try container.decodeIfPresent([String].self, forKey: .classNames)
            try decoder.refuse(fault)
        }

        var fault: String? {
            // What a file asks for is memory.
            if !(1...10_000).contains(numClasses) {
                return "numClasses is \(numClasses), expected 1 to 10,000"
            }
            guard let classNames, classNames.count != numClasses else { return nil }
            return "\(classNames.count) class names for \(numClasses) classes"
        }
    }

    public let configuration: Configuration
    private var cells: ConfusionCells

    public init(configuration: Configuration) {
        let name = configuration.name ?? "confusion_matrix"
        if let fault = configuration.fault { fail("\(name): \(fault)") }
        self.configuration = configuration
        cells = ConfusionCells(classes: configuration.numClasses)
        super.init(name: name, goal: .highest)
    }

    /// - Parameter classNames: what tables and plots call the classes; nil: their numbers.
    ///
    /// Traps if there is not a name for each class.
    public convenience init(
        numClasses: Int, classNames: [String]? = nil, name: String = "confusion_matrix"
    ) {
        self.init(
            configuration: Configuration(name: name, numClasses: numClasses, classNames: classNames))
    }

    public override func update(predictions: Tensor, targets: Tensor, weights: Tensor? = nil) {
        require(
            predictions.rank >= 1 && predictions.shape[-1] == configuration.numClasses,
            "\(name): predictions \(predictions.shape), expected \(configuration.numClasses) classes along the last axis"
        )
        let isOneHot = targets.shape == predictions.shape && configuration.numClasses > 1
        cells.add(
            predictions.argMax(axis: -1), isOneHot ? targets.argMax(axis: -1) : targets, weights: weights,
            operation: name)
    }

    /// The weight of the samples, `[true class, predicted class]` (float64).
    public var counts: Tensor { cells.tensor }

    /// Which fraction of each true class's samples is predicted as each class, `[true class, predicted class]`; 0 where
    /// there are none.
    public var fractions: Tensor {
        Tensor(
            zip(cells.rowSums, 0..<configuration.numClasses).flatMap { sum, row in
                (0..<configuration.numClasses).map { quotient(cells[row, $0], sum) }
            }, shape: [configuration.numClasses, configuration.numClasses])
    }

    /// What tables and plots call the classes.
    public var classNames: [String] {
        configuration.classNames ?? (0..<configuration.numClasses).map { "\($0)" }
    }

    /// The fraction of the samples whose class is predicted; 0 before anything was taken in.
    public override var result: Double {
        quotient(
            (0..<configuration.numClasses).reduce(0) { $0 + cells[$1, $1] }, cells.rowSums.reduce(0, +))
    }

    public override var state: [Tensor] {
        get { cells.state }
        set { cells.state = newValue }
    }

    public override func reset() { cells.reset() }
}

extension ConfusionMatrix: CustomStringConvertible {
    /// A table: a row for each true class, a column for each predicted one, at the end the fraction of each row that is
    /// right.
    public var description: String {
        let names = classNames
        func number(_ value: Double) -> String {
            value == value.rounded() && abs(value) < 1e15
                ? "\(Int(value))" : Formatting.string("%.2f", value)
        }
        let sums = cells.rowSums
        let rows =
            [["true \\ predicted"] + names + ["recall"]]
            + names.indices.map { row in
                [names[row]] + names.indices.map { number(cells[row, $0]) }
                    + [sums[row] == 0 ? "-" : Formatting.string("%.3f", cells[row, row] / sums[row])]
            }
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            zip(row, widths).enumerated().map { column, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 ? cell.0 + padding : padding + cell.0
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}
