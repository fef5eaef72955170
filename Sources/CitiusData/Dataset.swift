import CitiusPlatform
import CitiusTensor

/// Samples to train, validate or test with: inputs, targets, perhaps weights, and what is known about them.
///
/// A value. The tensors are held as they came: images stay bytes, and become scaled floats batch by batch.
/// Subsets share the memory of what they were taken from: ranges are views, and lists of indices (of
/// ``subset(_:)-([Int])``, ``shuffled(using:)``) are kept and followed as batches are made.
///
/// ```swift
/// let data = Dataset(inputs: images, targets: labels).scaled(by: 1 / 255)
/// let (train, validation) = data.shuffled(using: &generator).split(at: 0.8)
/// for batch in train.batched(32) { … }
/// ```
public struct Dataset: Sendable {
    /// What is known about the samples.
    public var metadata: Metadata

    /// The tensors as held, one for each input and target; `order` says which of their rows are this data set's
    /// samples.
    let heldInputs: [Tensor]
    let heldTargets: [Tensor]
    let heldWeights: Tensor?
    /// The samples' rows in the held tensors; nil means all of them, as they stand.
    let order: [Int]?
    /// How each input becomes what a model takes.
    let readings: [InputReading]

    /// Traps if the numbers of samples differ.
    ///
    /// - Parameters:
    ///   - inputs: [samples, …].
    ///   - targets: [samples, …]: labels, or values.
    ///   - sampleWeights: [samples], or [samples, steps] where the losses are those of steps.
    public init(
        inputs: Tensor, targets: Tensor, sampleWeights: Tensor? = nil, metadata: Metadata = Metadata()
    ) {
        self.init(inputs: [inputs], targets: [targets], sampleWeights: sampleWeights, metadata: metadata)
    }

    /// Samples of several inputs or targets each, in the order of the model's.
    ///
    /// Traps if there are no inputs or no targets, or if the numbers of samples differ.
    ///
    /// - Parameters:
    ///   - inputs: each [samples, …].
    ///   - targets: each [samples, …].
    ///   - sampleWeights: [samples], or [samples, steps] where the losses are those of steps.
    public init(
        inputs: [Tensor], targets: [Tensor], sampleWeights: Tensor? = nil, metadata: Metadata = Metadata()
    ) {
        checkSampleCounts("Dataset", inputs, targets, sampleWeights)
        self.init(
            inputs, targets, sampleWeights, order: nil, readings: inputs.map { _ in InputReading() },
            metadata: metadata)
    }

    /// Samples whose inputs lie in a mapped file, larger than memory perhaps: each batch reads and converts its own.
    ///
    /// ```swift
    /// let data = Dataset(inputs: try NPY.mapArray(contentsOf: "x.npy"), targets: labels).scaled(by: 1 / 255)
    /// ```
    ///
    /// Shuffled, it jumps within the file: fast where the file's pages stay in memory or on a solid-state disk. Traps if
    /// the numbers of samples differ.
    public init(
        inputs: MappedArray, targets: Tensor, sampleWeights: Tensor? = nil, metadata: Metadata = Metadata()
    ) {
        self.init(inputs: [inputs], targets: [targets], sampleWeights: sampleWeights, metadata: metadata)
    }

    /// Samples of several inputs that lie in mapped files. Traps as ``init(inputs:targets:sampleWeights:metadata:)``.
    public init(
        inputs: [MappedArray], targets: [Tensor], sampleWeights: Tensor? = nil,
        metadata: Metadata = Metadata()
    ) {
        for input in inputs {
            require(
                input.shape.rank >= 1,
                "Dataset: inputs and targets must have a first axis of samples; one is a scalar")
        }
        checkSampleCounts("Dataset", inputs.map(\.stored), targets, sampleWeights)
        self.init(
            inputs.map(\.stored), targets, sampleWeights, order: nil,
            readings: inputs.map { InputReading(encoding: $0.encoding) }, metadata: metadata)
    }

    init(
        _ inputs: [Tensor], _ targets: [Tensor], _ weights: Tensor?, order: [Int]?, readings: [InputReading],
        metadata: Metadata
    ) {
        heldInputs = inputs
        heldTargets = targets
        heldWeights = weights
        self.order = order
        self.readings = readings
        self.metadata = metadata
    }

    /// The number of samples.
    public var count: Int { order?.count ?? heldInputs[0].shape[0] }

    public var isEmpty: Bool { count == 0 }

    /// The inputs as held, bytes perhaps, unscaled; of several, the first. Copied if the samples are a list of
    /// indices.
    public var storedInputs: Tensor {
        MappedArray.decoded(rows(of: heldInputs[0]), readings[0].encoding, usesPool: true)
    }

    /// All samples' inputs as batches have them: bytes become float32, and the scale is applied. Of several inputs,
    /// the first.
    ///
    /// Takes four times the memory of bytes; ``SampleSource/batched(_:dropRemainder:)`` prepares a batch at a time.
    public var inputs: Tensor { preparedInputs(at: 0) }

    /// As `inputs`, each of several.
    public var allInputs: [Tensor] { heldInputs.indices.map { preparedInputs(at: $0) } }

    /// How each input is prepared.
    var preparations: [InputPreparation] {
        zip(heldInputs, readings).map { InputPreparation($0, $1) }
    }

    private func preparedInputs(at index: Int) -> Tensor {
        let (held, preparation) = (
            heldInputs[index], InputPreparation(heldInputs[index], readings[index])
        )
        guard let order else { return preparation.prepared(held, usesPool: true) }
        return order.withUnsafeBufferPointer { preparation.prepared(held, $0, usesPool: true) }
    }

    /// The targets; of several, the first. Copied if the samples are a list of indices.
    public var targets: Tensor { rows(of: heldTargets[0]) }

    /// As `targets`, each of several.
    public var allTargets: [Tensor] { heldTargets.map { rows(of: $0) } }

    /// The samples' weights, if they have any. Copied if the samples are a list of indices.
    public var sampleWeights: Tensor? { heldWeights.map { rows(of: $0) } }

    /// The shape of one sample's input; of several inputs, the first.
    public var inputShape: Shape { inputShapes[0] }

    /// The shape of one sample of each input.
    public var inputShapes: [Shape] { zip(heldInputs, readings).map { $1.sampleShape($0) } }

    /// All samples' rows as they are stored: inputs, targets, weights.
    var storedParts: [Tensor] {
        (heldInputs + heldTargets + (heldWeights.map { [$0] } ?? [])).map { rows(of: $0) }
    }

    /// A data set of such parts, which are prepared as this one's.
    func withStoredParts(_ parts: [Tensor]) -> Dataset {
        let (inputs, targets) = (heldInputs.count, heldTargets.count)
        return Dataset(
            Array(parts[..<inputs]), Array(parts[inputs..<inputs + targets]),
            heldWeights == nil ? nil : parts.last, order: nil, readings: readings, metadata: metadata)
    }

    func rows(of tensor: Tensor) -> Tensor {
        guard let order else { return tensor }
        return order.withUnsafeBufferPointer { tensor.gatheringRows($0, usesPool: true) }
    }

    /// The same samples, an input of theirs to be multiplied by `factor` as it is batched.
    ///
    /// The factor applies to the stored input, and takes the place of an earlier one: a data set that comes
    /// with a scale is not scaled twice. Bytes and other integers become float32; each product is rounded
    /// once. Traps if there is no such input, it is bool, or the factor is not finite.
    ///
    /// - Parameter index: which of several inputs.
    public func scaled(by factor: Double, input index: Int = 0) -> Dataset {
        require(factor.isFinite, "scaled: the factor is \(factor), expected a finite number")
        require(
            heldInputs.indices.contains(index),
            "scaled: there is no input \(index), expected one of \(heldInputs.count)")
        require(
            readings[index].dtype(heldInputs[index]) != .bool, "scaled: the inputs are bool, expected numbers"
        )
        var readings = readings
        readings[index].scale = factor
        return Dataset(
            heldInputs, heldTargets, heldWeights, order: order, readings: readings, metadata: metadata)
    }

    /// The same samples, an input of theirs under another shape: rows of pixels as images, say. Nothing is copied.
    ///
    /// ```swift
    /// let images = try ARFF.read(contentsOf: "mnist_784.arff").reshaped([28, 28, 1])
    /// ```
    ///
    /// Traps if there is no such input, or the shape has another number of elements than a sample.
    ///
    /// - Parameters:
    ///   - shape: of one sample.
    ///   - index: which of several inputs.
    public func reshaped(_ shape: Shape, input index: Int = 0) -> Dataset {
        require(
            heldInputs.indices.contains(index),
            "reshaped: there is no input \(index), expected one of \(heldInputs.count)")
        let (held, own) = (heldInputs[index], inputShapes[index])
        require(
            shape.count == own.count,
            "reshaped: samples of shape \(own) cannot become \(shape): it has \(shape.count) "
                + "elements, expected \(own.count)")
        var inputs = heldInputs
        let bytes = readings[index].encoding.map { [$0.byteCount] } ?? []
        inputs[index] = held.viewed(as: Shape([held.shape[0]] + shape.sizes + bytes))
        return Dataset(
            inputs, heldTargets, heldWeights, order: order, readings: readings, metadata: metadata)
    }

    /// The same inputs with other targets: one-hot rows for labels, another unit. Traps if their number is another.
    ///
    /// ```swift
    /// let data = digits.withTargets(digits.targets.oneHot(10))
    /// ```
    public func withTargets(_ targets: Tensor) -> Dataset {
        let inputs = heldInputs.map { rows(of: $0) }
        checkSampleCounts("withTargets", inputs, [targets], nil)
        return Dataset(
            inputs, [targets], sampleWeights, order: nil, readings: readings, metadata: metadata)
    }

    // MARK: Checks

    /// Checks that every target is a whole number from 0 up to, not including, `classCount`.
    ///
    /// Traps if there is more than one target per sample, as one-hot targets have, or if targets are bool.
    ///
    /// - Throws: a ``DataError`` that names the first label that is not.
    public func validateLabels(classCount: Int) throws(DataError) {
        let held = heldTargets[0]
        require(
            held.count == held.shape[0],
            "validateLabels: targets have shape \(held.shape), expected one label per sample")
        require(
            held.dtype != .bool,
            "validateLabels: targets are bool, expected numbers; cast them to int64 to have classes 0 and 1")
        require(classCount >= 1, "validateLabels: classCount is \(classCount), expected at least 1")
        func firstOffender<T: NumberScalar>(_ type: T.Type) -> (sample: Int, label: String)? {
            held.withElements { (labels: UnsafePointer<T>) in
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
        if let (sample, label) = firstOffender(held.dtype.numberType(for: "validateLabels")) {
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
        let inputs = heldInputs.indices.map { "\(inputShapes[$0]) \(readings[$0].dtype(heldInputs[$0]))" }
        let targets = heldTargets.map { "\($0.shape.droppingFirst()) \($0.dtype)" }
        let name = metadata.name.isEmpty ? "Dataset" : metadata.name
        return
            "\(name): \(count) samples, inputs \(inputs.joined(separator: " and ")), targets \(targets.joined(separator: " and "))"
    }
}
