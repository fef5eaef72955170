import CitiusData
import CitiusKernels
import CitiusLayers
import CitiusPlatform
import CitiusTensor

/// Checks of data, made once for all of it before anything is computed.
extension Model {
    /// Builds the model for these samples unless it is built; throws if it was built for others.
    final func prepare(sampleShapes: [Shape], for operation: String) throws(TrainingError) {
        // Asked first, since another thread may be building it.
        guard isBuilt, let inputShapes else { return build(inputShapes: sampleShapes) }
        guard sampleShapes.count == inputShapes.count else {
            throw TrainingError(
                .inputShape,
                "\(operation): there are \(sampleShapes.count) inputs, but \(modelName) takes "
                    + "\(inputShapes.count).")
        }
        if sampleShapes == inputShapes { return }
        guard let graph, graph.takes(sampleShapes) else {
            throw TrainingError(
                .inputShape,
                "\(operation): the inputs are \(batchDescription(sampleShapes)), but \(modelName) takes "
                    + "\(batchDescription(inputShapes, open: graph?.inputs.map { graph?.openAxes[$0] ?? [] })); "
                    + "reshape the inputs, or build the model for them.")
        }
        if let fault = graph.fault(ofInputs: sampleShapes) {
            throw TrainingError(
                .inputShape,
                "\(operation): the inputs are \(batchDescription(sampleShapes)), which \(modelName) cannot take. \(fault)."
            )
        }
    }

    final func check(_ data: Dataset, for operation: String) throws(TrainingError) {
        try checkCount(data.count, for: operation)
        try prepare(sampleShapes: data.inputShapes, for: operation)
        try checkTargets(
            data.allTargets, count: data.count, sampleShapes: data.inputShapes, for: operation)
    }

    final func check(_ batch: Batch, for operation: String) throws(TrainingError) {
        try checkInputs(batch.allInputs, for: operation)
        try checkTargets(
            batch.allTargets, count: batch.count,
            sampleShapes: batch.allInputs.map { $0.shape.droppingFirst() },
            for: operation)
    }

    final func checkInputs(_ inputs: [Tensor], for operation: String) throws(TrainingError) {
        require(!inputs.isEmpty, "\(operation): no inputs, expected at least one")
        for input in inputs {
            require(input.rank > 0, "\(operation): the input is a scalar, expected samples [batch, …]")
        }
        try checkCount(inputs[0].shape[0], for: operation)
        try prepare(sampleShapes: inputs.map { $0.shape.droppingFirst() }, for: operation)
    }

    /// Throws if there are no samples.
    final func checkCount(_ count: Int, for operation: String) throws(TrainingError) {
        guard count > 0 else {
            throw TrainingError(
                .emptyData, "\(operation): the data set is empty; give it at least one sample.")
        }
    }

    /// Throws if there is not one target for each input.
    final func checkCounts(
        _ inputs: [Tensor], _ targets: [Tensor], for operation: String
    ) throws(TrainingError) {
        let counts = Set((inputs + targets).map { $0.rank > 0 ? $0.shape[0] : -1 })
        guard counts.count == 1, counts != [-1] else {
            throw TrainingError(
                .targetShape,
                "\(operation): the inputs are \(Self.list(inputs.map { $0.shape })) and the targets "
                    + "\(Self.list(targets.map { $0.shape })); give one target for each input, along the "
                    + "first axis.")
        }
    }

    /// Throws if the targets are not what the losses take for this model's outputs.
    final func checkTargets(
        _ targets: [Tensor], count: Int, sampleShapes: [Shape], for operation: String
    ) throws(TrainingError) {
        let compilation = compiled(for: operation)
        guard let outputs = graph?.outputShapes(for: sampleShapes) ?? outputShapes else { return }
        guard targets.count == outputs.count else {
            throw TrainingError(
                .targetShape,
                "\(operation): there are \(targets.count) targets, but \(modelName) has \(outputs.count) outputs; "
                    + "give one target for each output.")
        }
        for (index, output) in outputs.enumerated() {
            try checkTargets(
                targets[index], of: compilation.loss(ofOutput: index), for: output, count: count, operation)
        }
    }

    private final func checkTargets(
        _ targets: Tensor, of loss: Loss, for output: Shape, count: Int, _ operation: String
    ) throws(TrainingError) {
        guard loss.targets != .any else { return }
        let wanted = loss.targets == .labels ? Shape(Array(output.sizes.dropLast())) : output
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
                "\(operation): the targets are \(batchDescription([given])), but \(loss.name) takes "
                    + "\(batchDescription([wanted])) for the model's output \(batchDescription([output]))"
                    + advice(targets, loss, output) + ".")
        }
        if loss.targets == .labels, let classes = output.sizes.last {
            try checkLabels(targets, classes: classes, for: operation)
        }
    }

    /// What fits instead, where that is plain.
    private final func advice(_ targets: Tensor, _ loss: Loss, _ output: Shape) -> String {
        let given = targets.shape.droppingFirst()
        let isOneEach = given.count == 1
        if loss.targets == .likePredictions, isOneEach, output.count > 1 {
            return targets.dtype.isFloatingPoint
                ? "; one number a sample needs a last layer of one unit"
                : "; for class labels take the loss .sparseCategoricalCrossentropy"
        }
        if loss.targets == .labels, given == output {
            return "; for one-hot targets take the loss .categoricalCrossentropy"
        }
        return ""
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
        let units =
            classes == 1
            ? " The last layer has one unit: for several classes give it one for each, for two take "
                + ".binaryCrossentropy." : ""
        throw TrainingError(
            .labelOutOfRange,
            "\(operation): label \(label) at sample \(sample) is outside the model's \(classes) classes; "
                + "labels are whole numbers from 0 to \(classes - 1)." + units)
    }

    /// `[batch, 28, 28, 1]`
    private final func batchDescription(_ sampleShapes: [Shape], open: [Set<Int>]? = nil) -> String {
        sampleShapes.enumerated().map { index, shape in
            let sizes = shape.sizes.enumerated().map { open?[index].contains($0) == true ? "any" : "\($1)" }
            return "[" + (["batch"] + sizes).joined(separator: ", ") + "]"
        }.joined(separator: " and ")
    }

    /// The model's name, or the one Keras would give it.
    final var modelName: String { name.isEmpty ? LayerNames.snakeCase("\(type(of: self))") : name }

    final func onlyOutput(of outputs: [Tensor], for operation: String) -> Tensor {
        require(
            outputs.count == 1,
            "\(operation): \(modelName) has \(outputs.count) outputs; pass its inputs in an array to get all")
        return outputs[0]
    }
}
