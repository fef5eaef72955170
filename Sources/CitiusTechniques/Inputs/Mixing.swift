import CitiusAutograd
import CitiusData
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Blends each sample of a batch with another one, and the losses of their targets alike (Zhang et al. 2018, arXiv
/// 1710.09412).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 10, techniques: [.mixUp(0.2, during: 0..<0.8)])
/// ```
///
/// x = λ · xᵢ + (1 − λ) · xⱼ and loss = λ · loss(yᵢ) + (1 − λ) · loss(yⱼ), λ drawn for each batch from Beta(α, α), j from a
/// random order of the batch. Labels stay labels: the loss is blended, as in the paper's own program. The layer `MixUp`
/// blends images within a model.
public final class BatchMixUp: Technique {
    public let alpha: Double
    public let span: Range<Double>
    public let stage = TechniqueStage.mixing
    public let claims: Set<TechniqueClaim> = [.lossInterpolation]
    private var mix: Mix?

    /// - Parameters:
    ///   - alpha: α; larger ones blend more evenly.
    ///   - span: the part of the training; last steps without it often help.
    ///
    /// Traps if α is not positive.
    public init(_ alpha: Double = 0.2, during span: Range<Double> = .wholeTraining) {
        require(alpha > 0 && alpha.isFinite, "BatchMixUp: alpha is \(alpha), expected a positive number")
        self.alpha = alpha
        self.span = span
    }

    public func transform(_ batch: inout Batch, in training: Training) {
        let mix = Mix(
            of: batch.count, fraction: training.generator.beta(alpha, alpha), using: &training.generator)
        batch.allInputs = batch.allInputs.map { input in
            guard input.dtype.isFloatingPoint else { return input }
            return input * mix.fraction + input.taking(mix.order) * (1 - mix.fraction)
        }
        self.mix = mix
    }

    public func loss(
        _ predictions: [Variable], _ batch: Batch, in training: Training, inner: (Batch) -> Variable
    ) -> Variable { mix?.loss(batch, inner) ?? inner(batch) }
}

/// Puts a box of another sample into each image of a batch, and blends the losses of their targets by the areas (Yun et al.
/// 2019, arXiv 1905.04899).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 10, techniques: [.cutMix(1, during: 0..<0.8)])
/// ```
///
/// The box's area is 1 − λ of the image's, λ drawn for each batch from Beta(α, α); where it leaves the image it is cut off,
/// and λ follows. The layer `CutMix` does so within a model.
public final class BatchCutMix: Technique {
    public let alpha: Double
    public let span: Range<Double>
    public let stage = TechniqueStage.mixing
    public let claims: Set<TechniqueClaim> = [.lossInterpolation]
    private var mix: Mix?

    /// - Parameters:
    ///   - alpha: α.
    ///   - span: the part of the training.
    ///
    /// Traps if α is not positive. The training throws if the model's first input is no images.
    public init(_ alpha: Double = 1, during span: Range<Double> = .wholeTraining) {
        require(alpha > 0 && alpha.isFinite, "BatchCutMix: alpha is \(alpha), expected a positive number")
        self.alpha = alpha
        self.span = span
    }

    public func begin(_ training: Training) throws { try training.checkImages() }

    public func transform(_ batch: inout Batch, in training: Training) {
        let images = batch.inputs
        let (height, width) = (images.shape[1], images.shape[2])
        let side = (1 - training.generator.beta(alpha, alpha)).squareRoot()
        let rows = training.generator.window(of: Int(side * Double(height)), within: height)
        let columns = training.generator.window(of: Int(side * Double(width)), within: width)
        let area = Double(rows.count * columns.count) / Double(height * width)
        let mix = Mix(of: batch.count, fraction: 1 - area, using: &training.generator)
        if !rows.isEmpty && !columns.isEmpty {
            let patch = images.taking(mix.order).sliced(rows, axis: 1).sliced(columns, axis: 2)
            batch.inputs = images.replacingSlice(
                at: [0, rows.lowerBound, columns.lowerBound, 0], with: patch)
        }
        self.mix = mix
    }

    public func loss(
        _ predictions: [Variable], _ batch: Batch, in training: Training, inner: (Batch) -> Variable
    ) -> Variable { mix?.loss(batch, inner) ?? inner(batch) }
}

/// Blanks a square of each image of a batch, anywhere in it (DeVries and Taylor 2017, arXiv 1708.04552).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 10, techniques: [.cutout(8)])
/// ```
public final class BatchCutout: Technique {
    public let size: Int
    public let span: Range<Double>

    /// - Parameters:
    ///   - size: the square's side, in pixels. Its middle is a pixel of the image; what lies outside is cut off.
    ///   - span: the part of the training.
    ///
    /// Traps if the size is below 1. The training throws if the model's first input is no images.
    public init(_ size: Int, during span: Range<Double> = .wholeTraining) {
        require(size >= 1, "BatchCutout: size is \(size), expected at least 1")
        self.size = size
        self.span = span
    }

    public func begin(_ training: Training) throws { try training.checkImages() }

    public func transform(_ batch: inout Batch, in training: Training) {
        let images = batch.inputs
        let squares = Self.squares(
            of: size, height: images.shape[1], width: images.shape[2], count: batch.count, &training.generator
        )
        batch.inputs = Tensor.where(squares, Tensor(zeros: [1], dtype: images.dtype), images)
    }

    /// A square in each of some images: bool `[count, height, width, 1]`.
    static func squares(
        of size: Int, height: Int, width: Int, count: Int, _ generator: inout RandomGenerator
    ) -> Tensor {
        var mask = [Bool](repeating: false, count: count * height * width)
        for image in 0..<count {
            let rows = generator.window(of: size, within: height)
            let columns = generator.window(of: size, within: width)
            for row in rows {
                for column in columns { mask[(image * height + row) * width + column] = true }
            }
        }
        return Tensor(mask, shape: [count, height, width, 1])
    }
}

/// Which samples of a batch are blended, and how much.
private struct Mix {
    /// The sample that each one is blended with.
    let order: Tensor
    /// What each one keeps of itself.
    let fraction: Double

    init(of count: Int, fraction: Double, using generator: inout RandomGenerator) {
        order = Tensor(permutation: count, using: &generator)
        self.fraction = fraction
    }

    /// The losses for a batch's own targets and for those it was blended with, blended.
    func loss(_ batch: Batch, _ inner: (Batch) -> Variable) -> Variable {
        // Techniques around this one may look at fewer samples.
        guard batch.count == order.count else { return inner(batch) }
        var others = batch
        others.allTargets = batch.allTargets.map { $0.taking(order) }
        others.sampleWeights = batch.sampleWeights?.taking(order)
        others.indices = nil
        return inner(batch) * fraction + inner(others) * (1 - fraction)
    }
}

extension RandomGenerator {
    /// A window about a random place, cut off at the ends.
    fileprivate mutating func window(of size: Int, within length: Int) -> Range<Int> {
        let middle = Int(uniform() * Double(length))
        let start = middle - size / 2
        return max(0, start)..<max(max(0, start), min(length, start + size))
    }
}

extension Training {
    /// Throws unless the first input is images `[height, width, channels]`.
    func checkImages() throws(TechniqueError) {
        guard data.inputShape.rank == 3 else {
            throw TechniqueError(
                "it needs images [height, width, channels], and the samples are of shape \(data.inputShape)")
        }
    }
}

extension Technique where Self == BatchMixUp {
    /// Blends samples and their losses; see `BatchMixUp`.
    public static func mixUp(_ alpha: Double = 0.2, during span: Range<Double> = .wholeTraining) -> BatchMixUp
    {
        BatchMixUp(alpha, during: span)
    }
}

extension Technique where Self == BatchCutMix {
    /// Puts a box of another sample into each image; see `BatchCutMix`.
    public static func cutMix(_ alpha: Double = 1, during span: Range<Double> = .wholeTraining) -> BatchCutMix
    {
        BatchCutMix(alpha, during: span)
    }
}

extension Technique where Self == BatchCutout {
    /// Blanks a square of each image; see `BatchCutout`.
    public static func cutout(_ size: Int, during span: Range<Double> = .wholeTraining) -> BatchCutout {
        BatchCutout(size, during: span)
    }
}
