import CitiusData
import CitiusLayers
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// How much accuracy a classifier of images keeps when they are disturbed.
public struct RobustnessReport: Sendable, CustomStringConvertible {
    /// A disturbance and the accuracy under it.
    public struct Entry: Sendable {
        public let disturbance: String
        public let accuracy: Double
    }

    /// The first is of the images as they are.
    public let entries: [Entry]

    /// The accuracy under a disturbance; nil if it was not tried.
    public func accuracy(under disturbance: String) -> Double? {
        entries.first { $0.disturbance == disturbance }?.accuracy
    }

    public var description: String {
        let width = entries.map(\.disturbance.count).max() ?? 0
        return entries.map { entry in
            entry.disturbance + String(repeating: " ", count: width - entry.disturbance.count)
                + "  \((entry.accuracy * 1000).rounded() / 10) %"
        }.joined(separator: "\n")
    }
}

/// Something that happens to images.
public enum Disturbance: Sendable {
    /// Normally distributed numbers of this deviation are added to each pixel.
    case noise(Double)
    /// Each pixel becomes the mean of a square of this side, an odd number.
    case blur(Int)
    /// The image is turned by so many degrees about its middle, the corners filled by the nearest pixels.
    case rotation(Double)
    /// A square of this side, anywhere, is blanked.
    case occlusion(Int)
    /// Changed so that the model gets them wrong.
    case attack(AdversarialAttack)

    /// Some of each kind, for pixels from 0 to 1.
    public static let common: [Disturbance] = [
        .noise(0.1), .noise(0.3), .blur(3), .blur(5), .rotation(10), .rotation(30), .occlusion(8),
        .occlusion(14),
        .attack(.fastGradientSign(epsilon: 0.02)), .attack(.fastGradientSign(epsilon: 0.1)),
    ]

    var name: String {
        switch self {
        case .noise(let deviation): "noise \(deviation)"
        case .blur(let side): "blur \(side)×\(side)"
        case .rotation(let degrees): "rotation \(degrees)°"
        case .occlusion(let side): "occlusion \(side)×\(side)"
        case .attack(.fastGradientSign(let epsilon)): "FGSM \(epsilon)"
        case .attack(.projectedGradient(let epsilon, _, let steps)): "PGD \(epsilon), \(steps) steps"
        }
    }

    func applied(
        to batch: Batch, _ model: Model, _ range: ClosedRange<Double>, _ generator: inout RandomGenerator
    ) -> Tensor {
        let images = batch.inputs
        switch self {
        case .noise(let deviation):
            let noise = Tensor(
                normal: images.shape, standardDeviation: deviation, dtype: images.dtype, using: &generator)
            return (images + noise).clamped(to: range)
        case .blur(let side):
            require(
                side >= 1 && side % 2 == 1, "Disturbance: blur over \(side) pixels, expected an odd number")
            let reach = side / 2
            let padded = images.padded([(0, 0), (reach, reach), (reach, reach), (0, 0)], mode: .edge)
            var sum = Tensor(zeros: images.shape, dtype: images.dtype)
            for row in 0..<side {
                for column in 0..<side {
                    sum += padded.sliced(row..<row + images.shape[1], axis: 1).sliced(
                        column..<column + images.shape[2], axis: 2)
                }
            }
            return sum / Double(side * side)
        case .rotation(let degrees):
            // The layer turns at random between two limits: here both are one.
            let turn = degrees / 360
            let layer = RandomRotation(turn...turn, fillMode: .nearest, seed: 0)
            return layer(Variable(images), in: .training(Tape())).value
        case .occlusion(let side):
            let cutout = BatchCutout.squares(
                of: side, height: images.shape[1], width: images.shape[2], count: batch.count, &generator)
            return Tensor.where(cutout, Tensor(zeros: [1], dtype: images.dtype), images)
        case .attack(let attack):
            return model.adversarialInputs(of: batch, by: attack, within: range, seed: generator.next())
        }
    }
}

extension Model {
    /// The accuracy on images that are disturbed.
    ///
    /// ```swift
    /// import Citius
    /// import CitiusTechniques
    ///
    /// model.compile(optimizer: .adam, loss: .sparseCategoricalCrossentropy)
    /// print(try model.robustness(on: train))
    /// ```
    ///
    /// - Parameters:
    ///   - data: images `[height, width, channels]` and classes.
    ///   - range: what pixels may be.
    /// - Throws: a `TrainingError` if the data does not fit, or a `TechniqueError` if it is no images of classes.
    ///
    /// Traps if the model is not compiled and an attack is among the disturbances.
    public final func robustness(
        on data: Dataset, under disturbances: [Disturbance] = Disturbance.common,
        range: ClosedRange<Double> = 0...1, seed: UInt64 = 0
    ) throws -> RobustnessReport {
        guard data.inputShape.rank == 3, data.classes != nil else {
            throw TechniqueError(
                "robustness: it needs images [height, width, channels] of classes, and the samples are of shape "
                    + "\(data.inputShape)")
        }
        var entries = [
            RobustnessReport.Entry(
                disturbance: "none", accuracy: try predict(data, batchSize: 256).accuracy(of: data))
        ]
        for disturbance in disturbances {
            var generator = RandomGenerator(seed: seed)
            var predictions: [Tensor] = []
            for batch in data.batched(256) {
                predictions.append(
                    try predictOnBatch(disturbance.applied(to: batch, self, range, &generator)))
            }
            entries.append(
                .init(
                    disturbance: disturbance.name,
                    accuracy: Tensor.concatenate(predictions).accuracy(of: data)))
        }
        return RobustnessReport(entries: entries)
    }
}
