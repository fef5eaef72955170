import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Steps of another batch size than `fit`'s, with a learning rate that fits it.
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, batchSize: 32, epochs: 10, techniques: [.batchSize(128, scaling: .squareRoot)])
/// ```
///
/// In a part of the training it takes the place of a falling learning rate (Smith et al. 2018, arXiv 1711.00489):
/// `.batchSize(256, scaling: .none, during: 0.7..<1)`.
public final class BatchSize: Technique {
    /// What the learning rate is multiplied by for a batch k times as large.
    public enum Scaling: Sendable {
        /// k, for plain descent (Goyal et al. 2017, arXiv 1706.02677).
        case linear
        /// √k, for Adam and its kin (Malladi et al. 2022, arXiv 2205.10287).
        case squareRoot
        /// 1.
        case none
    }

    public let size: Int
    public let scaling: Scaling
    public let span: Range<Double>
    public let stage = TechniqueStage.optimization
    public let claims: Set<TechniqueClaim> = [.batchSize]

    /// - Parameters:
    ///   - size: samples a step.
    ///   - scaling: what becomes of the learning rate.
    ///   - span: the part of the training, to whole passes.
    ///
    /// Traps if the size is below 1.
    public init(_ size: Int, scaling: Scaling = .squareRoot, during span: Range<Double> = .wholeTraining) {
        require(size >= 1, "BatchSize: size is \(size), expected at least 1")
        self.size = size
        self.scaling = scaling
        self.span = span
    }

    public func select(_ selection: inout SampleSelection, in training: Training) {
        selection.batchSize = min(size, selection.count)
    }

    public func beginStep(in training: Training) {
        let ratio = Double(size) / Double(training.batchSize)
        switch scaling {
        case .linear: training.learningRateFactor *= ratio
        case .squareRoot: training.learningRateFactor *= ratio.squareRoot()
        case .none: break
        }
    }
}

extension Technique where Self == BatchSize {
    /// Steps of another batch size; see `BatchSize`.
    public static func batchSize(
        _ size: Int, scaling: BatchSize.Scaling = .squareRoot, during span: Range<Double> = .wholeTraining
    ) -> BatchSize { BatchSize(size, scaling: scaling, during: span) }
}
