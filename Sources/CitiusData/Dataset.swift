import CitiusPlatform
import CitiusTensor

/// Samples to train, validate or test with: inputs, targets, perhaps weights, and what is known about them.
///
/// A value. The tensors are held as they came: images stay bytes, and become scaled floats batch by batch.
/// Subsets share the memory of what they were taken from: ranges are views, and lists of indices (of
/// ``subset(_:)-(Array<Int>)``, ``shuffled(using:)``) are kept and followed as batches are made.
///
/// ```swift
/// let data = Dataset(inputs: images, targets: labels).scaled(by: 1 / 255)
/// let (train, validation) = data.shuffled(using: &generator).split(at: 0.8)
/// for batch in train.batches(of: 32) { … }
/// ```
public struct Dataset: Sendable {
    /// What is known about the samples.
    public var metadata: Metadata

    /// The tensors as held; `order` says which of their rows are this data set's samples.
    let heldInputs: Tensor
    let heldTargets: Tensor
    let heldWeights: Tensor?
    /// The samples' rows in the held tensors; nil means all of them, as they stand.
    let order: [Int]?
    /// What inputs are multiplied by; nil means they are left alone.
    let scale: Double?

    /// Traps if the numbers of samples differ.
    ///
    /// - Parameters:
    ///   - inputs: [samples, …].
    ///   - targets: [samples, …]: labels, or values.
    ///   - sampleWeights: [samples].
    public init(
        inputs: Tensor, targets: Tensor, sampleWeights: Tensor? = nil, metadata: Metadata = Metadata()
    ) {
        checkSampleCounts("Dataset", inputs, targets, sampleWeights)
        self.init(inputs, targets, sampleWeights, order: nil, scale: nil, metadata: metadata)
    }

    init(
        _ inputs: Tensor, _ targets: Tensor, _ weights: Tensor?, order: [Int]?, scale: Double?,
        metadata: Metadata
    ) {
        heldInputs = inputs
        heldTargets = targets
        heldWeights = weights
        self.order = order
        self.scale = scale
        self.metadata = metadata
    }

    /// The number of samples.
    public var count: Int { order?.count ?? heldInputs.shape[0] }

    public var isEmpty: Bool { count == 0 }

    /// The inputs as held, bytes perhaps, unscaled. Copied if the samples are a list of indices.
    public var storedInputs: Tensor { rows(of: heldInputs) }

    /// All inputs as batches have them: bytes become float32, and the scale is applied.
    ///
    /// Takes four times the memory of bytes; ``batches(of:shuffledBy:)`` prepares a batch at a time.
    public var inputs: Tensor { InputPreparation(self).inputs(of: self, usesPool: true) }

    /// The targets. Copied if the samples are a list of indices.
    public var targets: Tensor { rows(of: heldTargets) }

    /// The samples' weights, if they have any. Copied if the samples are a list of indices.
    public var sampleWeights: Tensor? { heldWeights.map { rows(of: $0) } }

    /// The shape of one sample's input.
    public var inputShape: Shape { heldInputs.shape.droppingFirst() }

    private func rows(of tensor: Tensor) -> Tensor {
        guard let order else { return tensor }
        return order.withUnsafeBufferPointer { tensor.gatheringRows($0, usesPool: true) }
    }

    /// The same samples, their inputs to be multiplied by `factor` as they are batched.
    ///
    /// The factor applies to the stored inputs, and takes the place of an earlier one: a data set that comes
    /// with a scale is not scaled twice. Bytes and other integers become float32; each product is rounded
    /// once. Traps if inputs are bool, or the factor is not finite.
    public func scaled(by factor: Double) -> Dataset {
        require(factor.isFinite, "scaled: the factor is \(factor), expected a finite number")
        require(heldInputs.dtype != .bool, "scaled: the inputs are bool, expected numbers")
        return Dataset(
            heldInputs, heldTargets, heldWeights, order: order, scale: factor, metadata: metadata)
    }

    // MARK: Checks

    /// Checks that every target is a whole number from 0 up to, not including, `classCount`.
    ///
    /// Traps if there is more than one target per sample, as one-hot targets have.
    ///
    /// - Throws: a ``DataError`` that names the first label that is not.
    public func validateLabels(classCount: Int) throws(DataError) {
        require(
            heldTargets.count == heldTargets.shape[0],
            "validateLabels: targets have shape \(heldTargets.shape), expected one label per sample")
        func firstOffender<T: NumberScalar>(_ type: T.Type) -> (sample: Int, label: String)? {
            heldTargets.withElements { (labels: UnsafePointer<T>) in
                for sample in 0..<count {
                    let label = labels[order?[sample] ?? sample]
                    let value = label.asDouble
                    if !(value >= 0 && value < Double(classCount) && value == value.rounded()) {
                        return (sample, "\(label)")
                    }
                }
                return nil
            }
        }
        if let (sample, label) = firstOffender(heldTargets.dtype.numberType(for: "validateLabels")) {
            throw DataError(
                .invalidLabel,
                "label \(label) at sample \(sample) is outside the \(classCount) classes; labels are whole "
                    + "numbers from 0 to \(classCount - 1).")
        }
    }

    /// Throws a ``DataError`` if there are no samples for the named operation.
    package func checkNotEmpty(for operation: String) throws(DataError) {
        if isEmpty {
            throw DataError(
                .empty, "\(operation): the data set is empty; give it at least one sample.")
        }
    }
}

extension Dataset: CustomStringConvertible {
    public var description: String {
        let name = metadata.name.isEmpty ? "Dataset" : metadata.name
        return "\(name): \(count) samples, inputs \(inputShape) \(heldInputs.dtype), "
            + "targets \(heldTargets.shape.droppingFirst()) \(heldTargets.dtype)"
    }
}
