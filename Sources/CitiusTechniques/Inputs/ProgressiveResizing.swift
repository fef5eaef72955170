import CitiusData
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Trains on small images first, which grow to their size: early steps cost a fraction (fast.ai's DAWNBench entry, 2018;
/// Touvron et al. 2019, arXiv 1906.06423; Composer's `ProgressiveResizing`).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// let model = Sequential {
///     Input(nil, nil, 1)
///     Conv2D(32, kernelSize: 3, activation: .relu)
///     GlobalAveragePooling2D()
///     Dense(10, activation: .softmax)
/// }
/// model.compile(optimizer: .adam, loss: .sparseCategoricalCrossentropy)
/// try model.fit(train, epochs: 10, techniques: [.progressiveResizing(from: 0.5, during: 0..<0.8)])
/// ```
///
/// The model must take images of any size: an `Input` with open axes, and global pooling in `Flatten`'s place.
public final class ProgressiveResizing: Technique {
    public let scale: Double
    public let multiple: Int
    public let span: Range<Double>
    public let claims: Set<TechniqueClaim> = [.imageSize]

    /// - Parameters:
    ///   - scale: the first size, as a fraction of the whole one; it grows evenly over the span.
    ///   - multiple: sizes are rounded to multiples of it, but for the whole one.
    ///   - span: the part of the training; after it images are whole. The last steps ought to be.
    ///
    /// Traps if a number is out of range. The training throws if the model does not take images of these sizes.
    public init(from scale: Double = 0.5, multiple: Int = 2, during span: Range<Double> = 0..<0.8) {
        require(
            scale > 0 && scale <= 1 && multiple >= 1,
            "ProgressiveResizing: scale \(scale) and multiple \(multiple), expected 0<...1 and at least 1")
        self.scale = scale
        self.multiple = multiple
        self.span = span
    }

    /// The size of images at a fraction of the span.
    private func size(of shape: Shape, at fraction: Double) -> Size2D {
        func side(_ whole: Int) -> Int {
            let wanted = Double(whole) * (scale + (1 - scale) * fraction)
            return min(whole, max(multiple, Int((wanted / Double(multiple)).rounded()) * multiple))
        }
        return Size2D(side(shape[0]), side(shape[1]))
    }

    public func begin(_ training: Training) throws {
        try training.checkImages()
        let shape = training.data.inputShape
        let smallest = size(of: shape, at: 0)
        let sample: Shape = [smallest.height, smallest.width, shape[2]]
        let others = training.data.inputShapes.dropFirst()
        if sample != shape, let fault = training.model.fault(ofInputs: [sample] + others) {
            throw TechniqueError(
                "the model does not take images of \(smallest.height)×\(smallest.width): \(fault); give it "
                    + "Input(nil, nil, \(shape[2])) and global pooling in place of Flatten")
        }
    }

    public func transform(_ batch: inout Batch, in training: Training) {
        let fraction = (training.progress - span.lowerBound) / (span.upperBound - span.lowerBound)
        let size = size(of: training.data.inputShape, at: fraction)
        batch.inputs = batch.inputs.resized(to: size, antialias: true)
    }
}

extension Technique where Self == ProgressiveResizing {
    /// Trains on small images first; see `ProgressiveResizing`.
    public static func progressiveResizing(
        from scale: Double = 0.5, multiple: Int = 2, during span: Range<Double> = 0..<0.8
    ) -> ProgressiveResizing { ProgressiveResizing(from: scale, multiple: multiple, during: span) }
}
