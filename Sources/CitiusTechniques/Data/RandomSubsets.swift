import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Each pass takes a fresh random part of the data: the baseline that every other way to train on fewer samples must
/// beat (RS2: Okanovic et al. 2023, arXiv 2305.18424).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 10, techniques: [.randomSubsets(0.3), .oneCycle()])
/// ```
///
/// Without replacement the passes go through a random order of all samples, so that none comes twice before each came
/// once; the order is then drawn anew. An epoch costs `fraction` of a whole one. The learning rate should decay to the
/// end of the shorter training, as `oneCycle` does.
public final class RandomSubsets: Technique {
    public let fraction: Double
    public let replaces: Bool
    public let span: Range<Double>
    public let stage = TechniqueStage.sampling
    public let claims: Set<TechniqueClaim> = [.sampleSelection]

    /// The places that are still to come, last first; of a selection of so many.
    private var rest: [Int] = []
    private var count = 0

    /// - Parameters:
    ///   - fraction: of the samples, at least one a pass.
    ///   - replaces: whether each pass draws from all samples, rather than from those that have not come yet.
    ///   - span: the part of the training; before and after it passes are whole.
    ///
    /// Traps if the fraction is not in 0<...1.
    public init(_ fraction: Double, replaces: Bool = false, during span: Range<Double> = .wholeTraining) {
        require(
            fraction > 0 && fraction <= 1,
            "RandomSubsets: fraction is \(fraction), expected one above 0 and up to 1")
        self.fraction = fraction
        self.replaces = replaces
        self.span = span
    }

    public func begin(_ training: Training) { (rest, count) = ([], 0) }

    public func select(_ selection: inout SampleSelection, in training: Training) {
        let wanted = max(1, Int((Double(selection.count) * fraction).rounded()))
        if count != selection.count || replaces { rest = [] }
        count = selection.count
        var places: [Int] = []
        places.reserveCapacity(wanted)
        while places.count < wanted {
            if rest.isEmpty {
                rest = Array(0..<count)
                training.generator.shuffle(&rest)
            }
            let taken = min(wanted - places.count, rest.count)
            places += rest.suffix(taken).reversed()
            rest.removeLast(taken)
        }
        selection.keep(places)
    }

    public var state: [String: Tensor] {
        ["rest": Tensor(rest.map(Int64.init)), "count": Tensor(Int64(count))]
    }

    public func restore(_ state: [String: Tensor], in training: Training) throws {
        count = try state.savedCount("count")
        rest = try state.saved("rest", .int64).elements(as: Int64.self).map { Int($0) }
        guard rest.allSatisfy({ 0..<count ~= $0 }) else {
            throw TechniqueError("the order of samples in the backup is not one of \(count)")
        }
    }
}

extension Technique where Self == RandomSubsets {
    /// Each pass takes a fresh random part of the data; see `RandomSubsets`.
    public static func randomSubsets(
        _ fraction: Double, replaces: Bool = false, during span: Range<Double> = .wholeTraining
    ) -> RandomSubsets { RandomSubsets(fraction, replaces: replaces, during: span) }
}
