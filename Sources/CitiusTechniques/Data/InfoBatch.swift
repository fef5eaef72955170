import CitiusAutograd
import CitiusData
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Leaves out, pass by pass, some of the samples that the model has learned, and counts the others of them for more, so
/// that the gradient stays the same in expectation (Qin et al. 2024, arXiv 2303.04947).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 10, techniques: [.infoBatch(pruning: 0.5)])
/// ```
///
/// A sample whose last loss is below the mean is left out with the probability r; if it stays, its loss counts
/// 1 / (1 − r). The last passes are whole (annealing), so that nothing of the rescaling remains in the result.
public final class InfoBatch: Technique {
    public let probability: Double
    public let span: Range<Double>
    public let stage = TechniqueStage.sampling
    public let claims: Set<TechniqueClaim> = [.sampleSelection]
    /// The last loss of each sample; those that were never seen have an infinite one and are never left out.
    private var losses: [Float] = []

    /// - Parameters:
    ///   - probability: r, with which a learned sample is left out.
    ///   - span: the part of the training; the passes after it are whole.
    ///
    /// Traps if r is not in 0..<1.
    public init(pruning probability: Double = 0.5, during span: Range<Double> = 0..<0.875) {
        require(
            probability >= 0 && probability < 1,
            "InfoBatch: the probability is \(probability), expected one from 0 to below 1")
        self.probability = probability
        self.span = span
    }

    public func begin(_ training: Training) {
        losses = [Float](repeating: .infinity, count: training.data.count)
    }

    public func select(_ selection: inout SampleSelection, in training: Training) {
        let known = losses.filter { $0.isFinite }
        guard !known.isEmpty else { return }
        let mean = Float(known.reduce(0.0) { $0 + Double($1) } / Double(known.count))
        let factor = Float(1 / (1 - probability))
        var (places, factors): ([Int], [Float]) = ([], [])
        for (place, sample) in selection.indices.enumerated() {
            let isLearned = losses[sample] < mean
            if isLearned && training.generator.uniform() < probability { continue }
            places.append(place)
            factors.append(isLearned ? factor : 1)
        }
        guard !places.isEmpty else { return }
        selection.keep(places, factors: factors)
    }

    public func loss(
        _ predictions: [Variable], _ batch: Batch, in training: Training, inner: (Batch) -> Variable
    ) -> Variable {
        if let indices = batch.indices {
            let own = training.losses(predictions, batch).elements(as: Float.self)
            for (sample, loss) in zip(indices, own) { losses[sample] = loss }
        }
        return inner(batch)
    }

    public var state: [String: Tensor] { ["losses": Tensor(losses)] }

    public func restore(_ state: [String: Tensor], in training: Training) throws {
        losses = try state.saved("losses", .float32, [training.data.count]).elements(as: Float.self)
    }
}

extension Technique where Self == InfoBatch {
    /// Leaves out some of what is learned, unbiased; see `InfoBatch`.
    public static func infoBatch(
        pruning probability: Double = 0.5, during span: Range<Double> = 0..<0.875
    ) -> InfoBatch { InfoBatch(pruning: probability, during: span) }
}
