import CitiusAutograd
import CitiusData
import CitiusKernels
import CitiusLayers
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor

/// One batch at a time.
extension Model {
    /// Takes one training step and takes the batch into the loss and the metrics.
    final func train(
        _ batch: Batch, _ compilation: Compilation, classWeights: [Int: Double]?
    ) {
        let weights = sampleWeights(of: batch, classWeights)
        let tape = Tape()
        let context = Context.training(tape, generator: generator, acceleration: acceleration)
        let prediction = self(Variable(batch.inputs.converted(to: dtype)), in: context)
        let loss = compilation.loss(prediction, batch.targets, sampleWeights: weights)
        let gradients = tape.gradients(of: loss)
        generator = context.generator
        var trained: [Parameter] = []
        var slopes: [Tensor] = []
        for parameter in parameters {
            guard let gradient = gradients[parameter] else { continue }
            trained.append(parameter)
            slopes.append(gradient)
        }
        compilation.optimizer.update(trained, gradients: slopes)
        take(loss.value, prediction.value, batch, weights, compilation)
    }

    /// Takes a batch into the loss and the metrics without training.
    final func test(_ batch: Batch, _ compilation: Compilation) {
        let weights = sampleWeights(of: batch, nil)
        let prediction = self(Variable(batch.inputs.converted(to: dtype)), in: inference)
        let loss = compilation.loss(prediction, batch.targets, sampleWeights: weights)
        take(loss.value, prediction.value, batch, weights, compilation)
    }

    private final func take(
        _ loss: Tensor, _ prediction: Tensor, _ batch: Batch, _ weights: Tensor?, _ compilation: Compilation
    ) {
        compilation.lossMean.add(loss.scalar, weight: Double(batch.count))
        for metric in compilation.metrics {
            metric.update(predictions: prediction, targets: batch.targets)
        }
        for metric in compilation.weightedMetrics {
            metric.update(predictions: prediction, targets: batch.targets, weights: weights)
        }
    }

    /// The samples' weights times those of their classes; nil if there are neither.
    private final func sampleWeights(of batch: Batch, _ classWeights: [Int: Double]?) -> Tensor? {
        guard let classWeights else { return batch.sampleWeights }
        let targets = batch.targets
        let isOneHot = targets.rank > 1 && targets.shape[-1] > 1
        let labels = (isOneHot ? targets.argMax(axis: -1) : targets).cast(to: .int64)
        require(
            labels.count == batch.count,
            "classWeights: targets \(targets.shape) are not one class a sample; use sample weights")
        let ofClasses = Tensor(
            labels.elements(as: Int64.self).map { Float(classWeights[Int($0)] ?? 1) })
        return batch.sampleWeights.map {
            $0.converted(to: .float32).reshaped(to: ofClasses.shape) * ofClasses
        } ?? ofClasses
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
        _ inputs: Tensor, _ targets: Tensor, sampleWeights: Tensor? = nil, classWeights: [Int: Double]? = nil
    ) throws(TrainingError) -> Scores {
        let compilation = compiled(for: "trainOnBatch")
        let batch = Batch(inputs: inputs, targets: targets, sampleWeights: sampleWeights)
        try check(batch, compilation, for: "trainOnBatch")
        compilation.reset()
        train(batch, compilation, classWeights: classWeights)
        return compilation.scores
    }

    /// The loss and metrics of a batch.
    ///
    /// - Throws: a `TrainingError` if the batch does not fit the model or the loss.
    ///
    /// Traps if the model is not compiled.
    public final func testOnBatch(
        _ inputs: Tensor, _ targets: Tensor, sampleWeights: Tensor? = nil
    ) throws(TrainingError) -> Scores {
        let compilation = compiled(for: "testOnBatch")
        let batch = Batch(inputs: inputs, targets: targets, sampleWeights: sampleWeights)
        try check(batch, compilation, for: "testOnBatch")
        compilation.reset()
        test(batch, compilation)
        return compilation.scores
    }

    /// The model's output for a batch `[batch, …]`.
    ///
    /// - Throws: a `TrainingError` if the batch does not fit the model.
    public final func predictOnBatch(_ inputs: Tensor) throws(TrainingError) -> Tensor {
        try checkInputs(inputs, for: "predictOnBatch")
        return self(Variable(inputs.converted(to: dtype)), in: inference).value
    }

    final func check(
        _ batch: Batch, _ compilation: Compilation, for operation: String
    ) throws(TrainingError) {
        try checkInputs(batch.inputs, for: operation)
        try checkTargets(batch.targets, of: compilation.loss, count: batch.count, for: operation)
    }

    final func checkInputs(_ inputs: Tensor, for operation: String) throws(TrainingError) {
        require(inputs.rank > 0, "\(operation): the input is a scalar, expected samples [batch, …]")
        try checkCount(inputs.shape[0], for: operation)
        try prepare(sampleShape: inputs.shape.droppingFirst(), for: operation)
    }
}

extension Tensor {
    /// The same numbers in another type; itself if they are of that type.
    fileprivate func converted(to dtype: DType) -> Tensor {
        self.dtype == dtype ? self : cast(to: dtype)
    }
}
