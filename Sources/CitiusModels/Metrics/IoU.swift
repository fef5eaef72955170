import CitiusAutograd
import CitiusConfiguration
import CitiusPlatform
import CitiusTensor

/// What metrics of the intersection over the union are made with.
public struct IoUConfiguration: Codable, Sendable {
    public var name: String?
    /// Kept for Keras's files: here weights count as they are, whatever the type.
    public var dtype: String? = "int64"
    public var numClasses: Int
    public var targetClassIDs: [Int]?
    public var ignoreClass: Int?
    /// Nil for the metrics whose targets are one-hot, which have no such key.
    public var sparseYTrue: Bool?
    public var sparseYPred: Bool
    public var axis = -1

    private enum CodingKeys: String, CodingKey {
        case name, dtype, numClasses, ignoreClass, sparseYTrue, sparseYPred, axis
        case targetClassIDs = "targetClassIds"
    }

    init(
        name: String, numClasses: Int, targetClassIDs: [Int]?, ignoreClass: Int?, sparseYTrue: Bool?,
        sparseYPred: Bool, axis: Int
    ) {
        (self.name, self.numClasses, self.targetClassIDs) = (name, numClasses, targetClassIDs)
        (self.ignoreClass, self.sparseYTrue, self.sparseYPred) = (ignoreClass, sparseYTrue, sparseYPred)
        self.axis = axis
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        name = try container.decodeIfPresent(String.self, forKey: .name)
        dtype = try container.decodeIfPresent(String.self, forKey: .dtype)
        numClasses = try container.decode(Int.self, forKey: .numClasses)
        targetClassIDs = try container.decodeIfPresent([Int].self, forKey: .targetClassIDs)
        ignoreClass = try container.decodeIfPresent(Int.self, forKey: .ignoreClass)
        sparseYPred = try container.value(.sparseYPred, default: true)
        sparseYTrue = try container.decodeIfPresent(Bool.self, forKey: .sparseYTrue)
        axis = try container.value(.axis, default: -1)
        try decoder.refuse(fault)
    }

    var fault: String? {
        // What a file asks for is memory.
        if !(1...10_000).contains(numClasses) {
            return "numClasses is \(numClasses), expected 1 to 10,000"
        }
        guard let targetClassIDs else { return nil }
        if targetClassIDs.isEmpty { return "there are no targetClassIDs, expected at least one" }
        return targetClassIDs.first { !(0..<numClasses).contains($0) }.map {
            "a target class is \($0), expected 0 to \(numClasses - 1)"
        }
    }
}

/// What metrics of the intersection over the union have in common: for each class, how much of what is either predicted
/// or true is both, true positives / (true positives + false positives + false negatives), averaged over the classes that
/// occur; 0 where none does.
///
/// Classes outside of 0…numClasses − 1 do not count. Sums of weights do not depend on how samples come in batches. (Keras
/// counts in whole numbers, in which weights lose their fractions, and adds 1e-7 to what it divides by.)
public class IntersectionOverUnion: Metric {
    public let configuration: IoUConfiguration
    private let hasSparseTargets: Bool
    private var matrix: ConfusionCells

    init(_ configuration: IoUConfiguration, name: String, hasOneHotTargets: Bool = false) {
        if let fault = configuration.fault { fail("\(name): \(fault)") }
        var configuration = configuration
        configuration.name = name
        configuration.sparseYTrue = hasOneHotTargets ? nil : configuration.sparseYTrue ?? true
        hasSparseTargets = configuration.sparseYTrue ?? false
        self.configuration = configuration
        matrix = ConfusionCells(classes: configuration.numClasses)
        super.init(name: name, goal: .highest)
    }

    public override func update(predictions: Tensor, targets: Tensor, weights: Tensor? = nil) {
        let predicted =
            configuration.sparseYPred ? predictions : predictions.argMax(axis: configuration.axis)
        let labels = hasSparseTargets ? targets : targets.argMax(axis: configuration.axis)
        add(predicted, labels, weights)
    }

    func add(_ predicted: Tensor, _ labels: Tensor, _ weights: Tensor?) {
        matrix.add(
            predicted, labels, weights: weights, ignoring: configuration.ignoreClass, operation: name)
    }

    /// Each target class's own; 0 for one that does not occur.
    public override var results: [Double] { ratios.map { $0 ?? 0 } }

    public override var result: Double {
        let occurring = ratios.compactMap { $0 }
        return quotient(occurring.reduce(0, +), Double(occurring.count))
    }

    private var ratios: [Double?] {
        let (rows, columns) = (matrix.rowSums, matrix.columnSums)
        return (configuration.targetClassIDs ?? Array(0..<configuration.numClasses)).map {
            let both = matrix[$0, $0]
            let either = rows[$0] + columns[$0] - both
            return either > 1e-9 ? both / either : nil
        }
    }

    public override var state: [Tensor] {
        get { matrix.state }
        set { matrix.state = newValue }
    }

    public override func reset() { matrix.reset() }
}

/// How much of what is either predicted or true is both, for some classes, averaged. Follows `keras.metrics.IoU`.
///
/// Predictions and targets: numbers of classes, alike in their number, `[batch, …]`; or, with `sparseYPred` or
/// `sparseYTrue` false, numbers for each class along `axis`, of which the largest counts. See `IntersectionOverUnion`.
public final class IoU: IntersectionOverUnion, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["io_u"] }

    public init(configuration: IoUConfiguration) {
        super.init(configuration, name: configuration.name ?? "io_u")
    }

    /// Traps if a target class is not below `numClasses`.
    public convenience init(
        numClasses: Int, targetClassIDs: [Int], ignoreClass: Int? = nil, sparseYTrue: Bool = true,
        sparseYPred: Bool = true, axis: Int = -1, name: String = "io_u"
    ) {
        self.init(
            configuration: IoUConfiguration(
                name: name, numClasses: numClasses, targetClassIDs: targetClassIDs, ignoreClass: ignoreClass,
                sparseYTrue: sparseYTrue, sparseYPred: sparseYPred, axis: axis))
    }
}

/// How much of what is either predicted or true is both, averaged over all classes that occur. Follows
/// `keras.metrics.MeanIoU`; predictions and targets as of `IoU`.
public final class MeanIoU: IntersectionOverUnion, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["mean_io_u"] }

    public init(configuration: IoUConfiguration) {
        super.init(configuration, name: configuration.name ?? "mean_io_u")
    }

    public convenience init(
        numClasses: Int, ignoreClass: Int? = nil, sparseYTrue: Bool = true, sparseYPred: Bool = true,
        axis: Int = -1, name: String = "mean_io_u"
    ) {
        self.init(
            configuration: IoUConfiguration(
                name: name, numClasses: numClasses, targetClassIDs: nil, ignoreClass: ignoreClass,
                sparseYTrue: sparseYTrue, sparseYPred: sparseYPred, axis: axis))
    }
}

/// As `IoU`, for one-hot targets and, by default, a number for each class as predictions. Follows
/// `keras.metrics.OneHotIoU`.
public final class OneHotIoU: IntersectionOverUnion, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["one_hot_io_u"] }

    public init(configuration: IoUConfiguration) {
        super.init(configuration, name: configuration.name ?? "one_hot_io_u", hasOneHotTargets: true)
    }

    /// Traps if a target class is not below `numClasses`.
    public convenience init(
        numClasses: Int, targetClassIDs: [Int], ignoreClass: Int? = nil, sparseYPred: Bool = false,
        axis: Int = -1, name: String = "one_hot_io_u"
    ) {
        self.init(
            configuration: IoUConfiguration(
                name: name, numClasses: numClasses, targetClassIDs: targetClassIDs, ignoreClass: ignoreClass,
                sparseYTrue: nil, sparseYPred: sparseYPred, axis: axis))
    }
}

/// As `MeanIoU`, for one-hot targets and, by default, a number for each class as predictions. Follows
/// `keras.metrics.OneHotMeanIoU`.
public final class OneHotMeanIoU: IntersectionOverUnion, ConfigurableMetric {
    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["one_hot_mean_io_u"] }

    public init(configuration: IoUConfiguration) {
        super.init(configuration, name: configuration.name ?? "one_hot_mean_io_u", hasOneHotTargets: true)
    }

    public convenience init(
        numClasses: Int, ignoreClass: Int? = nil, sparseYPred: Bool = false, axis: Int = -1,
        name: String = "one_hot_mean_io_u"
    ) {
        self.init(
            configuration: IoUConfiguration(
                name: name, numClasses: numClasses, targetClassIDs: nil, ignoreClass: ignoreClass,
                sparseYTrue: nil, sparseYPred: sparseYPred, axis: axis))
    }
}

/// How much of what is either predicted or true is both, for two classes that a threshold parts. Follows
/// `keras.metrics.BinaryIoU`.
///
/// Predictions `[batch, …]`; targets 0 or 1, alike in their number. See `IntersectionOverUnion`.
public final class BinaryIoU: Metric, ConfigurableMetric {
    public struct Configuration: Codable, Sendable {
        public var name: String?
        /// Kept for Keras's files.
        public var dtype: String? = "int64"
        public var targetClassIDs: [Int]
        /// Predictions of at least so much are of class 1.
        public var threshold: Double

        private enum CodingKeys: String, CodingKey {
            case name, dtype, threshold
            case targetClassIDs = "targetClassIds"
        }

        init(name: String, targetClassIDs: [Int], threshold: Double) {
            (self.name, self.targetClassIDs, self.threshold) = (name, targetClassIDs, threshold)
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            dtype = try container.decodeIfPresent(String.self, forKey: .dtype)
            targetClassIDs = try container.value(.targetClassIDs, default: [0, 1])
            threshold = try container.value(.threshold, default: 0.5)
            try decoder.refuse(whole.fault)
        }

        fileprivate var whole: IoUConfiguration {
            IoUConfiguration(
                name: name ?? "binary_io_u", numClasses: 2, targetClassIDs: targetClassIDs, ignoreClass: nil,
                sparseYTrue: true, sparseYPred: true, axis: -1)
        }
    }

    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["binary_io_u"] }
    public let configuration: Configuration
    private let ratio: IntersectionOverUnion

    public init(configuration: Configuration) {
        let name = configuration.name ?? "binary_io_u"
        self.configuration = configuration
        ratio = IntersectionOverUnion(configuration.whole, name: name)
        super.init(name: name, goal: .highest)
    }

    /// Traps if a target class is neither 0 nor 1.
    public convenience init(
        targetClassIDs: [Int] = [0, 1], threshold: Double = 0.5, name: String = "binary_io_u"
    ) {
        self.init(
            configuration: Configuration(name: name, targetClassIDs: targetClassIDs, threshold: threshold))
    }

    public override func update(predictions: Tensor, targets: Tensor, weights: Tensor? = nil) {
        ratio.add((predictions .>= configuration.threshold).cast(to: .int64), targets, weights)
    }

    public override var results: [Double] { ratio.results }
    public override var result: Double { ratio.result }
    public override var state: [Tensor] {
        get { ratio.state }
        set { ratio.state = newValue }
    }
    public override func reset() { ratio.reset() }
}
