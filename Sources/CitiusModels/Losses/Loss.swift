import CitiusAutograd
import CitiusConfiguration
import CitiusKernels
import CitiusLayers
import CitiusPlatform
import CitiusTensor

/// What training makes small: how far predictions are from their targets.
///
/// Losses of the library are static members; one of your own is a function from a batch of predictions and
/// its targets to a loss per sample:
///
/// ```swift
/// model.compile(optimizer: Adam(), loss: .sparseCategoricalCrossentropy)
///
/// let absolute = Loss("mean_absolute_error") { prediction, target in
///     (prediction - target).abs().mean(axes: [-1])
/// }
/// ```
///
/// The loss of a batch is the samples' losses, each times the sample's weight if there are weights, brought together by
/// the `reduction`. Steps that the prediction's mask leaves out count nothing.
public struct Loss: Sendable {
    /// What a loss takes as targets; `fit` checks the data against it before it trains.
    public enum Targets: Sendable, Equatable {
        /// Numbers of classes, `[batch]` or `[batch, 1]`, for predictions `[batch, classes]`.
        case labels
        /// Of the predictions' shape; a last axis of size 1 may be absent.
        case likePredictions
        /// Whatever the loss makes of them.
        case any
    }

    /// How a batch's losses become one number. The names are Keras's.
    public enum Reduction: String, Sendable, Codable {
        /// Their sum divided by their number.
        case sumOverBatchSize = "sum_over_batch_size"
        /// The same.
        case mean
        /// Their sum.
        case sum
        /// Their sum divided by the sum of the weights.
        case meanWithSampleWeight = "mean_with_sample_weight"
    }

    /// Which loss it is, with its arguments; nil if it was made from a function.
    public let kind: (any LossKind)?
    /// Keras's name of the loss.
    public let name: String
    /// What it takes as targets.
    public let targets: Targets
    /// How a batch's losses become one number.
    public let reduction: Reduction
    private let function: @Sendable (Variable, Tensor) -> Variable

    /// A loss that saved models keep with its arguments. Traps if the kind has a fault.
    public init(_ kind: some LossKind, reduction: Reduction = .sumOverBatchSize, name: String? = nil) {
        if let fault = kind.fault { fail("\(type(of: kind)): \(fault)") }
        self.kind = kind
        self.name = name ?? LayerNames.snakeCase(type(of: kind).className)
        targets = kind.targets
        self.reduction = reduction
        function = { kind.losses($0, $1) }
    }

    /// A loss of your own. A model that uses it can be loaded where a function of this name is named to the loader.
    ///
    /// - Parameters:
    ///   - name: what messages call it.
    ///   - targets: what the function takes; `fit` checks the data accordingly.
    ///   - function: from predictions `[batch, …]` and targets to losses `[batch]` (or `[batch, …]`).
    public init(
        _ name: String, targets: Targets = .any, reduction: Reduction = .sumOverBatchSize,
        function: @escaping @Sendable (_ prediction: Variable, _ target: Tensor) -> Variable
    ) {
        kind = nil
        self.name = name
        self.targets = targets
        self.reduction = reduction
        self.function = function
    }

    /// The loss of each sample: `[batch]`, or `[batch, …]` where the predictions have more axes.
    ///
    /// Traps if the targets do not fit the predictions.
    public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
        function(prediction, target)
    }

    /// The loss of a batch, a scalar.
    ///
    /// With a mask, as in Keras, a mean is taken over what the mask lets through.
    ///
    /// - Parameter sampleWeights: `[batch]`, or `[batch, steps]` for losses of steps; by default ones.
    ///
    /// Traps if the targets do not fit the predictions, or the weights or the mask the losses.
    public func callAsFunction(
        _ prediction: Variable, _ target: Tensor, sampleWeights: Tensor? = nil
    ) -> Variable {
        var losses = losses(prediction, target)
        if losses.shape.rank == 0 {
            // One number for all samples, which each sample's weight multiplies.
            guard let sampleWeights else { return losses }
            losses = losses.reshaped(to: [1]).expanded(to: [sampleWeights.count])
        }
        var weights = sampleWeights.map { Weighting.expanded($0, to: losses.value) }
        let masks = [prediction.mask, losses.mask].compactMap { $0 }
        if !masks.isEmpty {
            var counts = Tensor(ones: losses.shape, dtype: losses.dtype)
            for mask in masks { counts *= Weighting.expanded(mask: mask, to: losses.value) }
            if reduction == .sumOverBatchSize || reduction == .mean {
                // So that the mean below is over what the masks let through; 0 if that is nothing.
                counts *= Double(counts.count) / max(1, counts.sum().scalar)
            }
            weights = weights.map { $0 * counts } ?? counts
        }
        let weighted = weights.map { losses * $0 } ?? losses
        switch reduction {
        case .sumOverBatchSize, .mean: return weighted.mean()
        case .sum: return weighted.sum()
        case .meanWithSampleWeight:
            guard let weights else { return weighted.mean() }
            return weighted.sum() / weights.expanded(to: losses.shape).sum().scalar
        }
    }

    /// Probabilities are kept this far from 0 and 1 before their logarithm is taken, as Keras does.
    static let probabilities = 1e-7...(1 - 1e-7)

    /// Keeps divisors and logarithms away from 0, as in Keras.
    static let epsilon = 1e-7

    /// The targets as numbers of classes. Traps if one is no whole number.
    static func labels(_ target: Tensor, _ operation: String) -> Tensor {
        if target.dtype == .int64 { return target }
        let labels = target.cast(to: .int64)
        if target.dtype.isFloatingPoint {
            let wrong = labels.cast(to: target.dtype) .!= target
            if wrong.any().element(as: Bool.self) {
                let index = wrong.flattened().cast(to: .int32).argMax(axis: 0).element(as: Int64.self)
                let number = target.flattened().sliced(Int(index)..<Int(index) + 1, axis: 0).scalar
                fail("\(operation): target \(index) is \(number), expected the number of a class")
            }
        }
        return labels
    }

    /// The mean over the last axis; of predictions `[batch]`, each sample's own.
    static func meanOfLastAxis(_ losses: Variable) -> Variable { withLastAxis(losses).mean(axes: [-1]) }

    /// The targets in the predictions' type and shape: a last axis of size 1 is added or dropped.
    static func aligned(_ target: Tensor, with prediction: Variable, _ operation: String) -> Tensor {
        let converted = target.dtype == prediction.dtype ? target : target.cast(to: prediction.dtype)
        if converted.shape == prediction.shape { return converted }
        let (wanted, given) = (prediction.shape.sizes, target.shape.sizes)
        require(
            wanted == given + [1] || given == wanted + [1],
            "\(operation): targets \(target.shape) do not fit predictions \(prediction.shape)")
        return converted.reshaped(to: prediction.shape)
    }

    /// Predictions of one number per sample may lack the last axis over which losses are averaged.
    static func withLastAxis(_ prediction: Variable) -> Variable {
        prediction.shape.rank == 1 ? prediction.reshaped(to: Shape([prediction.shape[0], 1])) : prediction
    }
}

/// Sample weights, made ready to multiply.
enum Weighting {
    /// Weights `[batch]` or `[batch, steps]` in the values' type and with as many axes: `[batch, 1, …]`.
    static func expanded(_ weights: Tensor, to values: Tensor) -> Tensor {
        let converted = weights.dtype == values.dtype ? weights : weights.cast(to: values.dtype)
        if let expanded = trailing(converted, values.shape) { return expanded }
        require(
            weights.count == values.shape[0],
            "sample weights: \(weights.shape) for \(values.shape[0]) samples, expected one weight each")
        return converted.reshaped(to: Shape([values.shape[0]] + ones(values.rank - 1)))
    }

    /// A mask `[batch, steps]` as zeros and ones with as many axes as the values `[batch, steps, …]`.
    static func expanded(mask: Tensor, to values: Tensor) -> Tensor {
        guard let expanded = trailing(mask.cast(to: values.dtype), values.shape) else {
            fail("mask: \(mask.shape) for losses \(values.shape), expected its first axes")
        }
        return expanded
    }

    /// The samples' weights `[batch]` times those of their steps `[batch, steps]`.
    static func combined(_ sampleWeights: Tensor?, _ stepWeights: Tensor?) -> Tensor? {
        guard let sampleWeights, let stepWeights else { return sampleWeights ?? stepWeights }
        return stepWeights * expanded(sampleWeights, to: stepWeights)
    }

    /// A tensor of a shape's first axes with axes of 1 for the rest; nil if it is none.
    private static func trailing(_ tensor: Tensor, _ shape: Shape) -> Tensor? {
        guard tensor.rank <= shape.rank, tensor.shape.sizes == Array(shape.sizes.prefix(tensor.rank)) else {
            return nil
        }
        return tensor.reshaped(to: Shape(tensor.shape.sizes + ones(shape.rank - tensor.rank)))
    }

    private static func ones(_ count: Int) -> [Int] { [Int](repeating: 1, count: count) }
}

/// A loss as a value: its stored properties are its configuration.
///
/// ```swift
/// struct Quartic: LossKind {
///     var factor = 1.0
///
///     func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
///         (prediction - target).squared().squared().mean(axes: [-1]) * factor
///     }
/// }
/// model.compile(optimizer: .adam, loss: Loss(Quartic(factor: 2)))
/// ```
public protocol LossKind: Configurable {
    /// With default arguments.
    init()
    /// What it takes as targets.
    var targets: Loss.Targets { get }
    /// What is wrong with its arguments, in words that follow its name; nil if nothing is.
    var fault: String? { get }
    /// The loss of each sample; see `Loss.losses`.
    func losses(_ prediction: Variable, _ target: Tensor) -> Variable
}

extension LossKind {
    public var targets: Loss.Targets { .likePredictions }
    public var fault: String? { nil }
}

/// As Keras writes it: in an envelope, the name and the reduction beside the arguments. Keras's short names,
/// `mean_squared_error` and `mse`, are read too.
extension Loss: Codable {
    private enum CommonKeys: String, CodingKey { case name, reduction }

    public init(from decoder: any Decoder) throws {
        if let name = try? decoder.singleValueContainer().decode(String.self) {
            let types = decoder.configurationTypes
            if let own = types.function(named: name, as: Loss.self) {
                self = own
            } else if let kind = types.type(named: name, in: (any LossKind.Type).self) {
                self.init(kind.init())
            } else {
                throw DecodingError.dataCorrupted(
                    .init(
                        codingPath: decoder.codingPath,
                        debugDescription: "there is no loss \"\(name)\". Name one of your own to the loader.")
                )
            }
            return
        }
        self = try ConfigurationEnvelope.decode((any LossKind.Type).self, called: "loss", from: decoder) {
            type, configuration in
            let common = try configuration.container(keyedBy: CommonKeys.self)
            let kind = try type.init(from: configuration)
            if let fault = kind.fault {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: configuration.codingPath, debugDescription: fault))
            }
            return Loss(
                kind,
                reduction: try common.decodeIfPresent(Reduction.self, forKey: .reduction)
                    ?? .sumOverBatchSize,
                name: try common.decodeIfPresent(String.self, forKey: .name))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        func write(_ kind: some LossKind) throws {
            try ConfigurationEnvelope.encode(kind, to: encoder) { configuration in
                var common = configuration.container(keyedBy: CommonKeys.self)
                try common.encode(name, forKey: .name)
                try common.encode(reduction, forKey: .reduction)
            }
        }
        guard let kind else { return try ConfigurationEnvelope.encode(functionNamed: name, to: encoder) }
        try write(kind)
    }
}
