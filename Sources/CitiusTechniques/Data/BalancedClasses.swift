import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Each pass takes as many samples of each class, drawn anew: small classes repeat theirs, large ones take turns.
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 10, techniques: [.balancedClasses(0.5)])
/// ```
///
/// With equal classes it is a stratified random subset, whose passes differ less than `RandomSubsets`'. The model then
/// learns the classes as if they were equally frequent, whatever they are in the data.
public final class BalancedClasses: Technique {
    public let fraction: Double
    public let span: Range<Double>
    public let stage = TechniqueStage.sampling
    public let claims: Set<TechniqueClaim> = [.sampleSelection]
    private var classOfSample: [Int] = []

    /// - Parameters:
    ///   - fraction: how many samples a pass has, as a fraction of all.
    ///   - span: the part of the training; before and after it passes are whole.
    ///
    /// Traps if the fraction is not in 0<...1. The training throws if the targets are no classes.
    public init(_ fraction: Double = 1, during span: Range<Double> = .wholeTraining) {
        require(
            fraction > 0 && fraction <= 1,
            "BalancedClasses: fraction is \(fraction), expected one above 0 and up to 1")
        self.fraction = fraction
        self.span = span
    }

    public func begin(_ training: Training) throws {
        guard let classes = training.data.classes else {
            throw TechniqueError(
                "it needs classes as targets, and the targets \(training.data.targets.shape) are other numbers"
            )
        }
        classOfSample = classes
    }

    public func select(_ selection: inout SampleSelection, in training: Training) {
        var byClass: [Int: [Int]] = [:]
        for (place, sample) in selection.indices.enumerated() {
            byClass[classOfSample[sample], default: []].append(place)
        }
        let classes = byClass.sorted { $0.key < $1.key }.map { $0.value }
        let total = max(classes.count, Int((Double(selection.count) * fraction).rounded()))
        var places: [Int] = []
        for (number, members) in classes.enumerated() {
            // What does not divide evenly goes to the first classes.
            let wanted = total / classes.count + (number < total % classes.count ? 1 : 0)
            var order = members
            var taken = 0
            while taken < wanted {
                training.generator.shuffle(&order)
                let part = min(wanted - taken, order.count)
                places += order.prefix(part)
                taken += part
            }
        }
        selection.keep(places)
    }
}

extension Technique where Self == BalancedClasses {
    /// Each pass takes as many samples of each class; see `BalancedClasses`.
    public static func balancedClasses(
        _ fraction: Double = 1, during span: Range<Double> = .wholeTraining
    ) -> BalancedClasses { BalancedClasses(fraction, during: span) }
}
