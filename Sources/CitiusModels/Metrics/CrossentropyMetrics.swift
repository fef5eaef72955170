import CitiusAutograd
import CitiusConfiguration
import CitiusPlatform
import CitiusTensor

/// The mean of −t·log p − (1 − t)·log(1 − p), for targets from 0 to 1; see `Loss.BinaryCrossentropy`. Follows
/// `keras.metrics.BinaryCrossentropy`.
public final class BinaryCrossentropy: Mean, ConfigurableMetric {
    public struct Configuration: Codable, Sendable {
        public var name: String?
        public var dtype: String? = "float32"
        public var fromLogits = false
        public var labelSmoothing = 0.0

        init(name: String, fromLogits: Bool, labelSmoothing: Double) {
            (self.name, self.fromLogits, self.labelSmoothing) = (name, fromLogits, labelSmoothing)
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            fromLogits = try container.value(.fromLogits, default: false)
            labelSmoothing = try container.value(.labelSmoothing, default: 0)
            try decoder.refuse(Loss.faultOfSmoothing(labelSmoothing))
        }
    }

    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["binary_crossentropy", "bce", "BCE"] }
    public let configuration: Configuration

    public convenience init(configuration: Configuration) {
        self.init(
            fromLogits: configuration.fromLogits, labelSmoothing: configuration.labelSmoothing,
            name: configuration.name ?? "binary_crossentropy")
    }

    /// Traps if the smoothing is not in 0…1.
    public init(fromLogits: Bool = false, labelSmoothing: Double = 0, name: String = "binary_crossentropy") {
        let loss = Loss.BinaryCrossentropy(fromLogits: fromLogits, labelSmoothing: labelSmoothing)
        if let fault = loss.fault { fail("\(name): \(fault)") }
        configuration = Configuration(name: name, fromLogits: fromLogits, labelSmoothing: labelSmoothing)
        super.init(name: name, goal: .lowest) { loss.losses(Variable($0), $1).value }
    }
}

/// The mean of −Σ tᵢ·log pᵢ, for one-hot targets; see `Loss.CategoricalCrossentropy`. Follows
/// `keras.metrics.CategoricalCrossentropy`.
public final class CategoricalCrossentropy: Mean, ConfigurableMetric {
    public struct Configuration: Codable, Sendable {
        public var name: String?
        public var dtype: String? = "float32"
        public var fromLogits = false
        public var labelSmoothing = 0.0
        public var axis = -1

        init(name: String, fromLogits: Bool, labelSmoothing: Double, axis: Int) {
            (self.name, self.fromLogits, self.labelSmoothing) = (name, fromLogits, labelSmoothing)
            self.axis = axis
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            fromLogits = try container.value(.fromLogits, default: false)
            labelSmoothing = try container.value(.labelSmoothing, default: 0)
            axis = try container.value(.axis, default: -1)
            try decoder.refuse(Loss.faultOfSmoothing(labelSmoothing))
        }
    }

    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["categorical_crossentropy"] }
    public let configuration: Configuration

    public convenience init(configuration: Configuration) {
        self.init(
            fromLogits: configuration.fromLogits, labelSmoothing: configuration.labelSmoothing,
            axis: configuration.axis, name: configuration.name ?? "categorical_crossentropy")
    }

    /// Traps if the smoothing is not in 0…1.
    public init(
        fromLogits: Bool = false, labelSmoothing: Double = 0, axis: Int = -1,
        name: String = "categorical_crossentropy"
    ) {
        let loss = Loss.CategoricalCrossentropy(
            fromLogits: fromLogits, labelSmoothing: labelSmoothing, axis: axis)
        if let fault = loss.fault { fail("\(name): \(fault)") }
        configuration = Configuration(
            name: name, fromLogits: fromLogits, labelSmoothing: labelSmoothing, axis: axis)
        super.init(name: name, goal: .lowest) { loss.losses(Variable($0), $1).value }
    }
}

/// The mean of −log p(label), for numbers of classes as targets; see `Loss.SparseCategoricalCrossentropy`. Follows
/// `keras.metrics.SparseCategoricalCrossentropy`.
///
/// Samples of the ignored class do not count at all. (In Keras 3.15 they count as 0 where there are no weights, and not at
/// all where there are.)
public final class SparseCategoricalCrossentropy: Mean, ConfigurableMetric {
    public struct Configuration: Codable, Sendable {
        public var name: String?
        public var dtype: String? = "float32"
        public var fromLogits = false
        public var ignoreClass: Int?
        /// The classes' axis.
        public var axis = -1

        init(name: String, fromLogits: Bool, ignoreClass: Int?, axis: Int) {
            (self.name, self.fromLogits, self.ignoreClass) = (name, fromLogits, ignoreClass)
            self.axis = axis
        }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            name = try container.decodeIfPresent(String.self, forKey: .name)
            fromLogits = try container.value(.fromLogits, default: false)
            ignoreClass = try container.decodeIfPresent(Int.self, forKey: .ignoreClass)
            axis = try container.value(.axis, default: -1)
        }
    }

    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["sparse_categorical_crossentropy"] }
    public let configuration: Configuration

    public convenience init(configuration: Configuration) {
        self.init(
            fromLogits: configuration.fromLogits, ignoreClass: configuration.ignoreClass,
            axis: configuration.axis, name: configuration.name ?? "sparse_categorical_crossentropy")
    }

    public init(
        fromLogits: Bool = false, ignoreClass: Int? = nil, axis: Int = -1,
        name: String = "sparse_categorical_crossentropy"
    ) {
        configuration = Configuration(
            name: name, fromLogits: fromLogits, ignoreClass: ignoreClass, axis: axis)
        super.init(name: name, goal: .lowest) { predictions, _ in predictions }
    }

    public override func update(predictions: Tensor, targets: Tensor, weights: Tensor? = nil) {
        var predictions = predictions
        let axis = predictions.shape.resolve(configuration.axis, name)
        if axis != predictions.rank - 1 {
            predictions = predictions.permuted(
                (0..<predictions.rank).filter { $0 != axis } + [axis])
        }
        let losses = Loss.SparseCategoricalCrossentropy(
            fromLogits: configuration.fromLogits, ignoreClass: configuration.ignoreClass
        ).losses(Variable(predictions), targets)
        guard let mask = losses.mask else { return add(losses.value, weights: weights) }
        let counts = mask.cast(to: .float64)
        add(losses.value, weights: weights.map { counts * Weighting.expanded($0, to: counts) } ?? counts)
    }
}
