import CitiusAutograd
import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor

/// What the steps of a training are made of.
extension Model {
    /// A batch's inputs as the model takes them, converted to the types that its `Input`s state; else real numbers to
    /// the model's own type.
    public final func modelInputs(_ batch: Batch) -> [Variable] { modelInputs(batch.allInputs) }

    final func modelInputs(_ inputs: [Tensor]) -> [Variable] {
        inputs.enumerated().map { Variable($1.converted(to: inputDType(at: $0))) }
    }

    final func compiledLoss(_ predictions: [Variable], _ batch: Batch, in context: Context) -> Variable {
        guard context.isTraining, let techniques = run.techniques else {
            return ownLoss(predictions, batch, in: context)
        }
        return techniques.loss(predictions, batch) { ownLoss(predictions, $0, in: context) }
    }

    private final func ownLoss(_ predictions: [Variable], _ batch: Batch, in context: Context) -> Variable {
        let compilation = compiled(for: "computeLoss")
        require(
            predictions.count == batch.allTargets.count,
            "computeLoss: \(predictions.count) outputs but \(batch.allTargets.count) targets, expected a target "
                + "for each output")
        if context.isTraining {
            // Bytes that are taken as bytes are none of a picture's.
            let inputs = batch.allInputs.enumerated().filter { inputDType(at: $0.offset).isFloatingPoint }
            compilation.warn(about: predictions, of: inputs.map { $0.element })
        }
        var total: Variable?
        func add(_ loss: Variable) { total = total.map { $0 + loss } ?? loss }
        compilation.outputLosses.removeAll(keepingCapacity: true)
        for (index, prediction) in predictions.enumerated() {
            let loss = compilation.loss(ofOutput: index)(
                prediction, batch.allTargets[index], sampleWeights: batch.sampleWeights)
            compilation.outputLosses.append(loss.value)
            let weight = compilation.lossWeight(ofOutput: index)
            add(weight == 1 ? loss : loss * weight)
        }
        for loss in context.losses { add(loss.reshaped(to: [])) }
        for parameter in parameters {
            if let regularizer = parameter.regularizer { add(regularizer(context[parameter])) }
        }
        guard let total else { fail("computeLoss: \(label) has no outputs") }
        return total
    }

    /// Takes the optimizer's step by these gradients.
    ///
    /// Traps if the model is not compiled.
    public final func apply(_ gradients: Gradients) {
        var trained: [Parameter] = []
        var values: [ParameterGradient] = []
        for parameter in parameters {
            guard let gradient = gradients.gradient(of: parameter) else { continue }
            trained.append(parameter)
            values.append(gradient)
        }
        if let techniques = run.techniques {
            var gradients = TrainingGradients(trained, values)
            techniques.changeGradients(&gradients)
            values = gradients.values
        }
        compiled(for: "apply").optimizer.update(trained, gradients: values)
    }

    final func updateCompiledMetrics(_ loss: Variable, _ predictions: [Variable], _ batch: Batch) {
        let compilation = compiled(for: "updateMetrics")
        let count = Double(batch.count)
        let value = loss.value.scalar
        compilation.warn(aboutLoss: value)
        compilation.lossMean.add(value, weight: count)
        for (mean, loss) in zip(compilation.outputLossMeans, compilation.outputLosses) {
            mean.add(loss.scalar, weight: count)
        }
        for (index, prediction) in predictions.enumerated() {
            let targets = batch.allTargets[index]
            let counts = prediction.mask.map { $0.cast(to: .float32) }
            for metric in compilation.metrics[index] {
                metric.update(predictions: prediction.value, targets: targets, weights: counts)
            }
            guard !compilation.weightedMetrics[index].isEmpty else { continue }
            let weights = Weighting.combined(batch.sampleWeights, counts)
            for metric in compilation.weightedMetrics[index] {
                metric.update(predictions: prediction.value, targets: targets, weights: weights)
            }
        }
    }

    /// The batch with its classes' weights in the samples' weights.
    final func weighted(_ batch: Batch, by classWeight: [Int: Double]?) -> Batch {
        guard let classWeight else { return batch }
        let targets = batch.targets
        let isOneHot = targets.rank > 1 && targets.shape[-1] > 1
        let labels = (isOneHot ? targets.argMax(axis: -1) : targets).cast(to: .int64)
        require(
            labels.count == batch.count,
            "classWeight: targets \(targets.shape) are not one class a sample; use sample weights")
        let weights = Tensor(labels.elements(as: Int64.self).map { Float(classWeight[Int($0)] ?? 1) })
        var weighted = batch
        weighted.weigh(by: weights)
        return weighted
    }

    // MARK: For training loops of one's own

    /// Takes one training step on a batch.
    ///
    /// - Returns: the loss and metrics of this batch, before the step. (Keras's are running means.)
    /// - Throws: a `TrainingError` if the batch does not fit the model or the loss.
    ///
    /// Traps if the model is not compiled.
    @discardableResult
    public final func trainOnBatch(
        _ inputs: Tensor, _ targets: Tensor, sampleWeight: Tensor? = nil, classWeight: [Int: Double]? = nil
    ) throws(TrainingError) -> Scores {
        try checkCounts([inputs], [targets], for: "trainOnBatch")
        return try trainOnBatch(
            Batch(inputs: inputs, targets: targets, sampleWeights: sampleWeight), classWeight: classWeight)
    }

    /// Takes one training step on a batch, which may have several inputs and targets.
    @discardableResult
    public final func trainOnBatch(
        _ batch: Batch, classWeight: [Int: Double]? = nil
    ) throws(TrainingError) -> Scores {
        _ = compiled(for: "trainOnBatch")
        return try run.claimed(for: "trainOnBatch") { () throws(TrainingError) in
            try check(batch, for: "trainOnBatch")
            resetMetrics()
            trainStep(weighted(batch, by: classWeight))
            return scores
        }
    }

    /// The loss and metrics of a batch.
    ///
    /// - Throws: a `TrainingError` if the batch does not fit the model or the loss.
    ///
    /// Traps if the model is not compiled.
    public final func testOnBatch(
        _ inputs: Tensor, _ targets: Tensor, sampleWeight: Tensor? = nil
    ) throws(TrainingError) -> Scores {
        try checkCounts([inputs], [targets], for: "testOnBatch")
        return try testOnBatch(Batch(inputs: inputs, targets: targets, sampleWeights: sampleWeight))
    }

    /// The loss and metrics of a batch, which may have several inputs and targets.
    public final func testOnBatch(_ batch: Batch) throws(TrainingError) -> Scores {
        _ = compiled(for: "testOnBatch")
        return try run.claimed(for: "testOnBatch") { () throws(TrainingError) in
            try check(batch, for: "testOnBatch")
            resetMetrics()
            testStep(batch)
            return scores
        }
    }

    /// The model's output for a batch `[batch, …]`.
    ///
    /// - Throws: a `TrainingError` if the batch does not fit the model.
    public final func predictOnBatch(_ inputs: Tensor) throws(TrainingError) -> Tensor {
        // Without the arrays of the general form: this is the way of single samples.
        if type(of: self) == Sequential.self || type(of: self) == Model.self, isBuilt, let inputShape,
            inputs.rank > 0, inputs.shape[0] > 0, outputShapes?.count == 1,
            inputs.shape.sizes.dropFirst().elementsEqual(inputShape.sizes), inputShapes?.count == 1
        {
            return self(Variable(inputs.converted(to: inputDType(at: 0))), in: inferenceContext).value
        }
        return try onlyOutput(of: predictOnBatch([inputs]), for: "predictOnBatch")
    }

    /// The model's outputs for a batch of which each input is given.
    public final func predictOnBatch(_ inputs: [Tensor]) throws(TrainingError) -> [Tensor] {
        try checkInputs(inputs, for: "predictOnBatch")
        return predictStep(inputs)
    }
}

extension Tensor {
    /// The same numbers in another type; itself if they are of that type.
    func converted(to dtype: DType) -> Tensor { self.dtype == dtype ? self : cast(to: dtype) }
}
