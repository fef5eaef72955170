import CitiusData
import CitiusKernels
import CitiusLayers
import CitiusTensor

/// Checks of data, made once for all of it before anything is computed.
extension Model {
    /// Builds the model for these samples unless it is built; throws if it was built for others.
    final func prepare(sampleShape: Shape, for operation: String) throws(TrainingError) {
        guard let inputShape else { return build(inputShape: sampleShape) }
        guard sampleShape == inputShape else {
            throw TrainingError(
                .inputShape,
                "\(operation): the inputs are \(batchDescription(sampleShape)), but \(modelName) takes "
                    + "\(batchDescription(inputShape)); reshape the inputs, or build the model for them.")
        }
    }

    /// Throws if there are no samples.
    final func checkCount(_ count: Int, for operation: String) throws(TrainingError) {
        guard count > 0 else {
            throw TrainingError(
                .emptyData, "\(operation): the data set is empty; give it at least one sample.")
        }
    }

    /// Throws if the targets are not what the loss takes for this model's output.
    final func checkTargets(
        _ targets: Tensor, of loss: Loss, count: Int, for operation: String
    ) throws(TrainingError) {
        guard let inputShape, loss.targets != .any else { return }
        let output = outputShape(for: inputShape)
        let wanted =
            loss.targets == .labels ? Shape(Array(output.sizes.dropLast())) : output
        let given = targets.rank > 0 ? targets.shape.droppingFirst() : []
        guard targets.rank > 0, targets.shape[0] == count else {
            throw TrainingError(
                .targetShape,
                "\(operation): there are \(count) inputs but targets of shape \(targets.shape); give one "
                    + "target for each input.")
        }
        // An axis of one value may be written or left out, as long as predictions keep one.
        guard given == wanted || given.sizes == wanted.sizes + [1] || given.sizes + [1] == wanted.sizes else {
            throw TrainingError(
                .targetShape,
                "\(operation): the targets are \(batchDescription(given)), but \(loss.name) takes "
                    + "\(batchDescription(wanted)) for the model's output \(batchDescription(output)).")
        }
        if loss.targets == .labels, let classes = output.sizes.last {
            try checkLabels(targets, classes: classes, for: operation)
        }
    }

    private final func checkLabels(
        _ targets: Tensor, classes: Int, for operation: String
    ) throws(TrainingError) {
        let wrong: (index: Int, label: String)?
        if targets.dtype.isFloatingPoint {
            let labels = targets.cast(to: .float64).elements(as: Double.self)
            wrong = labels.firstIndex { !($0 >= 0 && $0 < Double(classes) && $0 == $0.rounded()) }
                .map { ($0, "\(labels[$0])") }
        } else {
            let labels = targets.cast(to: .int64).elements(as: Int64.self)
            wrong = labels.firstIndex { $0 < 0 || $0 >= Int64(classes) }.map { ($0, "\(labels[$0])") }
        }
        guard let (index, label) = wrong else { return }
        let sample = index / max(1, targets.count / targets.shape[0])
        throw TrainingError(
            .labelOutOfRange,
            "\(operation): label \(label) at sample \(sample) is outside the model's \(classes) classes; "
                + "labels are whole numbers from 0 to \(classes - 1).")
    }

    /// `[batch, 28, 28, 1]`
    private final func batchDescription(_ sampleShape: Shape) -> String {
        "[" + (["batch"] + sampleShape.sizes.map { "\($0)" }).joined(separator: ", ") + "]"
    }

    /// The model's name, or the one Keras would give it.
    final var modelName: String { name.isEmpty ? LayerNames.snakeCase("\(type(of: self))") : name }
}
