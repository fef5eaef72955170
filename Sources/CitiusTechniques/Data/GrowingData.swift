import CitiusModels
import CitiusPlatform
import CitiusTensor

/// The first passes take a part of the data, which grows to all of it: progressive sampling (Provost, Jensen and Oates
/// 1999, doi:10.1145/312129.312188).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 10, techniques: [.growingData(from: 0.1, during: 0..<0.6)])
/// ```
///
/// Each pass takes the samples of the one before and further ones, in an order that is drawn once. Short first passes
/// cost little while the model learns what any sample teaches.
public final class GrowingData: Technique {
    public let fraction: Double
    public let span: Range<Double>
    public let stage = TechniqueStage.sampling
    public let claims: Set<TechniqueClaim> = [.sampleSelection]
    private var order: [Int] = []

    /// - Parameters:
    ///   - fraction: of the samples that the first pass takes; it grows evenly over the span.
    ///   - span: the part of the training; passes after it are whole.
    ///
    /// Traps if the fraction is not in 0<...1.
    public init(from fraction: Double, during span: Range<Double> = 0..<0.5) {
        require(
            fraction > 0 && fraction <= 1,
            "GrowingData: fraction is \(fraction), expected one above 0 and up to 1")
        self.fraction = fraction
        self.span = span
    }

    public func begin(_ training: Training) { order = [] }

    public func select(_ selection: inout SampleSelection, in training: Training) {
        if order.count != selection.count {
            order = Array(0..<selection.count)
            training.generator.shuffle(&order)
        }
        let grown = (training.progress - span.lowerBound) / (span.upperBound - span.lowerBound)
        let count = Double(selection.count) * (fraction + (1 - fraction) * grown)
        selection.keep(Array(order.prefix(max(1, Int(count.rounded())))))
    }

    public var state: [String: Tensor] { ["order": Tensor(order.map(Int64.init))] }

    public func restore(_ state: [String: Tensor], in training: Training) throws {
        order = try state.saved("order", .int64).elements(as: Int64.self).map { Int($0) }
        guard order.sorted() == Array(0..<order.count) else {
            throw TechniqueError("the order of samples in the backup is none")
        }
    }
}

extension Technique where Self == GrowingData {
    /// The first passes take a part of the data, which grows; see `GrowingData`.
    public static func growingData(
        from fraction: Double, during span: Range<Double> = 0..<0.5
    ) -> GrowingData { GrowingData(from: fraction, during: span) }
}
