import CitiusAutograd
import CitiusData
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Trains on targets of which a fraction is spread over all classes (Szegedy et al. 2015, arXiv 1512.00567): the model is
/// not driven to be surer than the labels are. Validation goes by the targets as they are.
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 10, techniques: [.labelSmoothing(0.1)])
/// ```
///
/// loss = (1 − s) · loss(target) + s · mean over the classes of −log p, which for cross-entropy is the loss of
/// (1 − s) · target + s / classes. Unlike `labelSmoothing` of a loss it takes labels, too.
public final class LabelSmoothing: Technique {
    public let fraction: Double
    public let span: Range<Double>
    public let stage = TechniqueStage.inputs

    /// - Parameters:
    ///   - fraction: s.
    ///   - span: the part of the training.
    ///
    /// Traps if the fraction is not in 0...1. The training throws if the model's loss is no categorical cross-entropy.
    public init(_ fraction: Double = 0.1, during span: Range<Double> = .wholeTraining) {
        require(0...1 ~= fraction, "LabelSmoothing: fraction is \(fraction), expected one from 0 to 1")
        self.fraction = fraction
        self.span = span
    }

    private var uniform: Loss?

    public func begin(_ training: Training) throws {
        switch training.model.loss?.kind {
        case let kind as Loss.SparseCategoricalCrossentropy:
            uniform = .categoricalCrossentropy(fromLogits: kind.fromLogits)
        case let kind as Loss.CategoricalCrossentropy:
            uniform = .categoricalCrossentropy(fromLogits: kind.fromLogits)
        default:
            throw TechniqueError(
                "it needs a categorical cross-entropy, and the model's loss is \(training.model.loss?.name ?? "none")"
            )
        }
        guard training.model.outputShapes?.count == 1 else {
            throw TechniqueError(
                "it needs a model of one output; smooth the losses of several ones by themselves")
        }
    }

    public func loss(
        _ predictions: [Variable], _ batch: Batch, in training: Training, inner: (Batch) -> Variable
    ) -> Variable {
        guard let uniform else { return inner(batch) }
        let shape = predictions[0].shape
        let spread = Tensor(ones: shape, dtype: predictions[0].dtype) / Double(shape[-1])
        return inner(batch) * (1 - fraction)
            + uniform(predictions[0], spread, sampleWeights: batch.sampleWeights) * fraction
    }
}

extension Technique where Self == LabelSmoothing {
    /// Spreads a fraction of each target over all classes; see `LabelSmoothing`.
    public static func labelSmoothing(
        _ fraction: Double = 0.1, during span: Range<Double> = .wholeTraining
    ) -> LabelSmoothing { LabelSmoothing(fraction, during: span) }
}
