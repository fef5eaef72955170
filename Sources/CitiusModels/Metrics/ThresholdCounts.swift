import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Thresholds of a metric: a number, `0.7`, or several, `[0.3, 0.7]`.
public struct Thresholds: Codable, Sendable, Equatable, ExpressibleByFloatLiteral, ExpressibleByArrayLiteral {
    public let numbers: [Double]
    /// Whether they were given as a list, as they are then written.
    private let isList: Bool

    public init(_ numbers: [Double]) { (self.numbers, isList) = (numbers, true) }

    public init(arrayLiteral numbers: Double...) { self.init(numbers) }

    public init(floatLiteral number: Double) { (numbers, isList) = ([number], false) }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Double.self) {
            (numbers, isList) = ([number], false)
        } else {
            (numbers, isList) = (try container.decode([Double].self), true)
        }
        try decoder.refuse(fault)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if isList { try container.encode(numbers) } else { try container.encode(numbers[0]) }
    }

    var fault: String? {
        if numbers.isEmpty { return "there are no thresholds, expected at least one" }
        return numbers.first { !(0...1).contains($0) }.map {
            "a threshold is \($0), expected a number from 0 to 1"
        }
    }
}

/// How much weight predictions have between thresholds, those of positive and those of negative targets: from it follow
/// the true and false positives and negatives at each threshold.
///
/// Weights are added in float64 one by one, in the order of the samples, so that the sums do not depend on how samples
/// come in batches; without weights they are whole numbers, and exact.
struct ThresholdCounts {
    /// As they were given.
    let thresholds: [Double]
    /// Where each stands among the sorted ones.
    private let ranks: [Int]
    private let sorted: [Double]
    /// Whether predictions are taken into 0…1 first, as Keras takes them where thresholds are spaced evenly.
    private let clampsPredictions: Bool
    /// For how many labels there are separate counts; 0 before anything was taken in.
    private(set) var labelCount = 0
    /// `[thresholds + 1, labels]`: the weight of the predictions above so many thresholds.
    private var positives: [Double] = []
    private var negatives: [Double] = []

    init(thresholds: [Double]) {
        self.thresholds = thresholds
        let order = thresholds.indices.sorted { thresholds[$0] < thresholds[$1] }
        sorted = order.map { thresholds[$0] }
        var ranks = [Int](repeating: 0, count: thresholds.count)
        for (rank, index) in order.enumerated() { ranks[index] = rank }
        self.ranks = ranks
        let last = Double(thresholds.count - 1)
        clampsPredictions =
            thresholds.count > 2
            && thresholds.enumerated().allSatisfy {
                abs($1 - Double($0) / last) <= 1e-7 + 1e-5 * Double($0) / last
            }
    }

    /// - Parameters:
    ///   - targets: as many as predictions; what is not 0 is positive.
    ///   - weights: one for each prediction; nil: 1.
    ///   - labelCount: the length of the last axis where its elements are counted apart; else 1.
    mutating func add(
        _ predictions: Tensor, _ targets: Tensor, weights: Tensor?, labelCount: Int, operation: String
    ) {
        if self.labelCount == 0 { begin(labelCount) }
        require(
            labelCount == self.labelCount,
            "\(operation): predictions of \(labelCount) labels after some of \(self.labelCount)")
        let numbers = predictions.converted(to: .float64).elements(as: Double.self)
        let truths = targets.converted(to: .float64).elements(as: Double.self)
        let weights = weights?.converted(to: .float64).elements(as: Double.self)
        // A prediction is compared with the threshold that its type can hold, as in Keras.
        let limits = predictions.dtype == .float32 ? sorted.map { Double(Float($0)) } : sorted
        for index in numbers.indices {
            var number = numbers[index]
            if clampsPredictions { number = min(max(number, 0), 1) }
            let cell = Self.countBelow(number, limits) * labelCount + index % labelCount
            let weight = weights?[index] ?? 1
            if truths[index] != 0 { positives[cell] += weight } else { negatives[cell] += weight }
        }
    }

    /// How many thresholds, sorted, a number exceeds; of no number none.
    private static func countBelow(_ number: Double, _ limits: [Double]) -> Int {
        var (low, high) = (0, limits.count)
        while low < high {
            let middle = (low + high) / 2
            if number > limits[middle] { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private mutating func begin(_ labelCount: Int) {
        self.labelCount = labelCount
        positives = [Double](repeating: 0, count: (thresholds.count + 1) * labelCount)
        negatives = positives
    }

    // MARK: At each threshold, in the order in which they were given

    func truePositives(label: Int = 0) -> [Double] { above(positives, label) }
    func falsePositives(label: Int = 0) -> [Double] { above(negatives, label) }
    func falseNegatives(label: Int = 0) -> [Double] { notAbove(positives, label) }
    func trueNegatives(label: Int = 0) -> [Double] { notAbove(negatives, label) }

    private func above(_ cells: [Double], _ label: Int) -> [Double] {
        guard labelCount > 0 else { return [Double](repeating: 0, count: thresholds.count) }
        var sums = [Double](repeating: 0, count: thresholds.count)
        var sum = 0.0
        for rank in thresholds.indices.reversed() {
            sum += cells[(rank + 1) * labelCount + label]
            sums[rank] = sum
        }
        return ranks.map { sums[$0] }
    }

    private func notAbove(_ cells: [Double], _ label: Int) -> [Double] {
        guard labelCount > 0 else { return [Double](repeating: 0, count: thresholds.count) }
        var sums = [Double](repeating: 0, count: thresholds.count)
        var sum = 0.0
        for rank in thresholds.indices {
            sum += cells[rank * labelCount + label]
            sums[rank] = sum
        }
        return ranks.map { sums[$0] }
    }

    // MARK: Saving

    /// What was taken in, `[2, thresholds + 1, labels]`; nothing if nothing was.
    var state: [Tensor] {
        get {
            guard labelCount > 0 else { return [] }
            return [Tensor(positives + negatives, shape: [2, thresholds.count + 1, labelCount])]
        }
        set {
            reset()
            guard let cells = newValue.first, cells.dtype == .float64, cells.rank == 3, cells.shape[0] == 2,
                cells.shape[1] == thresholds.count + 1, cells.shape[2] > 0
            else { return }
            labelCount = cells.shape[2]
            let numbers = cells.elements(as: Double.self)
            positives = Array(numbers.prefix(numbers.count / 2))
            negatives = Array(numbers.suffix(numbers.count / 2))
        }
    }

    mutating func reset() { (labelCount, positives, negatives) = (0, [], []) }
}

/// What metrics have in common that count true and false positives and negatives at thresholds: a prediction above a
/// threshold is positive, a target other than 0 is.
///
/// Predictions `[batch, …]`, usually probabilities; targets of that shape, of which a last axis of size 1 may be absent.
/// Counts do not depend on how the samples come in batches.
public class ThresholdMetric: Metric {
    /// Predictions above them are positive.
    public var thresholds: [Double] { counts.thresholds }
    /// How many predictions of the last axis are positive at the most, the largest ones; nil: all.
    let topK: Int?
    /// Which element of the last axis is looked at; nil: all.
    let classID: Int?
    var counts: ThresholdCounts

    init(
        name: String, goal: Goal?, thresholds: [Double], topK: Int? = nil, classID: Int? = nil
    ) {
        if let fault = Self.fault(topK: topK, classID: classID) { fail("\(name): \(fault)") }
        (self.topK, self.classID) = (topK, classID)
        counts = ThresholdCounts(thresholds: thresholds)
        super.init(name: name, goal: goal)
    }

    static func fault(topK: Int?, classID: Int?) -> String? {
        if let topK, topK < 1 { return "topK is \(topK), expected 1 or more" }
        if let classID, classID < 0 { return "classID is \(classID), expected 0 or more" }
        return nil
    }

    public override func update(predictions: Tensor, targets: Tensor, weights: Tensor? = nil) {
        add(predictions, targets, weights, labelCount: 1)
    }

    func add(_ predictions: Tensor, _ targets: Tensor, _ weights: Tensor?, labelCount: Int) {
        var predictions =
            predictions.dtype.isFloatingPoint ? predictions : predictions.cast(to: .float32)
        var targets = Loss.aligned(targets, with: Variable(predictions), name)
        if let topK { predictions = keepingLargest(topK, of: predictions) }
        if let classID {
            require(
                predictions.rank > 1 && classID < predictions.shape[-1],
                "\(name): predictions \(predictions.shape) have no class \(classID)")
            predictions = predictions.sliced(classID..<classID + 1, axis: -1)
            targets = targets.sliced(classID..<classID + 1, axis: -1)
        }
        counts.add(
            predictions, targets,
            weights: weights.map {
                Weighting.expanded($0.converted(to: .float64), to: predictions.cast(to: .float64))
                    .expanded(to: predictions.shape)
            }, labelCount: labelCount, operation: name)
    }

    /// Keras's threshold where the largest predictions are positive, whatever they are, and what the others become.
    static let lowest = -1e10

    private func keepingLargest(_ count: Int, of predictions: Tensor) -> Tensor {
        let classes = predictions.shape[-1]
        require(count <= classes, "\(name): topK is \(count), but there are \(classes) classes")
        let isLargest = predictions.topK(count).indices.oneHot(classes).sum(axes: [-2]) .> 0
        return Tensor.where(isLargest, predictions, predictions.constant(Self.lowest))
    }

    /// The mean of the `results`, which is what Keras's logs show of several.
    public override var result: Double {
        let results = results
        return results.reduce(0, +) / Double(results.count)
    }

    /// What was taken in so far.
    public override var state: [Tensor] {
        get { counts.state }
        set { counts.state = newValue }
    }

    public override func reset() { counts.reset() }
}

/// a / b, 0 where b is.
func quotient(_ a: Double, _ b: Double) -> Double { b == 0 ? 0 : a / b }
