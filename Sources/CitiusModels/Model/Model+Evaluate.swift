import CitiusAutograd
import CitiusData
import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Model {
    /// The loss and the metrics over a data set.
    ///
    /// ```swift
    /// let scores = try model.evaluate(test)
    /// print(scores["accuracy"])
    /// ```
    ///
    /// - Throws: a `TrainingError` if the data is empty or fits neither the model nor the loss.
    ///
    /// Traps if the model is not compiled.
    public final func evaluate(
        _ data: Dataset, batchSize: Int = 32, verbose: Verbosity = .automatic, callbacks: [Callback] = []
    ) throws(TrainingError) -> Scores {
        require(batchSize >= 1, "evaluate: batchSize is \(batchSize), expected at least 1")
        let compilation = compiled(for: "evaluate")
        try check(data, for: "evaluate")
        let source = BatchSource(data, batchSize: batchSize, shuffles: false)
        let plan = RunPlan(kind: .testing, steps: source.steps, verbosity: verbose)
        stopTraining = false
        return try test(source, compilation, observers(callbacks, plan), for: "evaluate")
    }

    /// The loss and the metrics over inputs `[samples, …]` and targets `[samples, …]`.
    public final func evaluate(
        _ inputs: Tensor, _ targets: Tensor, sampleWeights: Tensor? = nil, batchSize: Int = 32,
        verbose: Verbosity = .automatic, callbacks: [Callback] = []
    ) throws(TrainingError) -> Scores {
        try checkCounts(inputs, targets)
        return try evaluate(
            Dataset(inputs: inputs, targets: targets, sampleWeights: sampleWeights), batchSize: batchSize,
            verbose: verbose, callbacks: callbacks)
    }

    /// Goes over the batches; stops early if `stopTraining` is set.
    final func test(
        _ source: BatchSource, _ compilation: Compilation, _ observers: [Callback], for operation: String
    ) throws(TrainingError) -> Scores {
        compilation.reset()
        for observer in observers { observer.onTestBegin() }
        var unused = RandomGenerator(seed: 0)
        let batches = source.batches(&unused)
        var step = 0
        while let batch = batches.next() {
            if source.checksBatches { try check(batch, compilation, for: operation) }
            for observer in observers { observer.onTestBatchBegin(step) }
            test(batch, compilation)
            let logs = compilation.scores
            for observer in observers { observer.onTestBatchEnd(step, logs: logs) }
            step += 1
            if stopTraining { break }
        }
        let scores = compilation.scores
        for observer in observers { observer.onTestEnd(logs: scores) }
        return scores
    }

    /// The model's output for each sample: `[samples, …]`.
    ///
    /// - Parameter inputs: `[samples, …]`, passed through the model in batches.
    /// - Throws: a `TrainingError` if there are no samples, or if they do not fit the model.
    public final func predict(
        _ inputs: Tensor, batchSize: Int = 32, verbose: Verbosity = .silent, callbacks: [Callback] = []
    ) throws(TrainingError) -> Tensor {
        require(batchSize >= 1, "predict: batchSize is \(batchSize), expected at least 1")
        try checkInputs(inputs, for: "predict")
        let starts = stride(from: 0, to: inputs.shape[0], by: batchSize)
        var start = starts.makeIterator()
        return predict(steps: inputs.shape[0].dividedUp(by: batchSize), verbose, callbacks) {
            start.next().map { inputs[$0..<min($0 + batchSize, inputs.shape[0])] }
        }
    }

    /// The model's output for each sample of a data set: `[samples, …]`.
    ///
    /// - Throws: a `TrainingError` if there are no samples, or if they do not fit the model.
    public final func predict(
        _ data: Dataset, batchSize: Int = 32, verbose: Verbosity = .silent, callbacks: [Callback] = []
    ) throws(TrainingError) -> Tensor {
        require(batchSize >= 1, "predict: batchSize is \(batchSize), expected at least 1")
        try checkCount(data.count, for: "predict")
        try prepare(sampleShape: data.inputShape, for: "predict")
        var batches = data.batches(of: batchSize).makeIterator()
        return predict(steps: data.count.dividedUp(by: batchSize), verbose, callbacks) {
            batches.next()?.inputs
        }
    }

    private final func predict(
        steps: Int, _ verbose: Verbosity, _ callbacks: [Callback], next: () -> Tensor?
    ) -> Tensor {
        let plan = RunPlan(kind: .predicting, steps: steps, verbosity: verbose)
        let observers = observers(callbacks, plan)
        for observer in observers { observer.onPredictBegin() }
        var results: [Tensor] = []
        while let inputs = next() {
            for observer in observers { observer.onPredictBatchBegin(results.count) }
            let batch = Variable(inputs.dtype == dtype ? inputs : inputs.cast(to: dtype))
            results.append(self(batch, in: inference).value)
            for observer in observers { observer.onPredictBatchEnd(results.count - 1) }
        }
        for observer in observers { observer.onPredictEnd() }
        return results.count == 1 ? results[0] : Tensor.concatenate(results)
    }
}

extension Int {
    /// The quotient, rounded up.
    fileprivate func dividedUp(by divisor: Int) -> Int { (self + divisor - 1) / divisor }
}
