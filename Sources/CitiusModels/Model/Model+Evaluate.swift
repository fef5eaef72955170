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
    /// Within a callback of `fit` it leaves the running epoch's loss and metrics, and `stopTraining`, as they are.
    ///
    /// - Parameter steps: how many batches to take; nil: all.
    /// - Throws: a `TrainingError` if the data is empty or fits neither the model nor the loss.
    ///
    /// Traps if the model is not compiled.
    public final func evaluate(
        _ data: Dataset, batchSize: Int = 32, verbose: Verbosity = .automatic, steps: Int? = nil,
        callbacks: [Callback] = []
    ) throws(TrainingError) -> Scores {
        require(batchSize >= 1, "evaluate: batchSize is \(batchSize), expected at least 1")
        _ = compiled(for: "evaluate")
        return try run.claimed(for: "evaluate") { () throws(TrainingError) in
            try check(data, for: "evaluate")
            return try evaluate(
                BatchSource(data, batchSize: batchSize, shuffles: false), verbose, steps, callbacks)
        }
    }

    /// The loss and the metrics over inputs `[samples, …]` and targets `[samples, …]`.
    public final func evaluate(
        _ inputs: Tensor, _ targets: Tensor, sampleWeight: Tensor? = nil, batchSize: Int = 32,
        verbose: Verbosity = .automatic, steps: Int? = nil, callbacks: [Callback] = []
    ) throws(TrainingError) -> Scores {
        try checkCounts([inputs], [targets], for: "evaluate")
        return try evaluate(
            Dataset(inputs: inputs, targets: targets, sampleWeights: sampleWeight), batchSize: batchSize,
            verbose: verbose, steps: steps, callbacks: callbacks)
    }

    /// The loss and the metrics over a pass of batches by recipe. See `fit(_:epochs:…)` over `Batches`.
    public final func evaluate(
        _ batches: Batches, verbose: Verbosity = .automatic, steps: Int? = nil, callbacks: [Callback] = []
    ) throws(TrainingError) -> Scores {
        try evaluate(batches: batches, verbose: verbose, steps: steps, callbacks: callbacks)
    }

    /// The loss and the metrics over batches of your own making.
    public final func evaluate<S: Sequence>(
        batches: S, verbose: Verbosity = .automatic, steps: Int? = nil, callbacks: [Callback] = []
    ) throws(TrainingError) -> Scores where S.Element == Batch {
        _ = compiled(for: "evaluate")
        return try run.claimed(for: "evaluate") { () throws(TrainingError) in
            try evaluate(BatchSource(batches), verbose, steps, callbacks)
        }
    }

    private final func evaluate(
        _ source: BatchSource, _ verbose: Verbosity, _ steps: Int?, _ callbacks: [Callback]
    ) throws(TrainingError) -> Scores {
        require(steps ?? 1 >= 1, "evaluate: steps is \(steps ?? 1), expected at least 1")
        let plan = RunPlan(kind: .testing, steps: steps ?? source.steps, verbosity: verbose)
        // Within a training, the training's own.
        let (states, isStopping) = (metricStates, stopTraining)
        let isWithinTraining = run.feed != nil
        stopTraining = false
        defer {
            if isWithinTraining {
                metricStates = states
                stopTraining = stopTraining || isStopping
            }
        }
        return try test(source, steps: steps, observers(callbacks, plan), for: "evaluate")
    }

    /// Goes over the batches; stops early if `stopTraining` is set.
    final func test(
        _ source: BatchSource, steps: Int?, _ observers: [Callback], for operation: String
    ) throws(TrainingError) -> Scores {
        resetMetrics()
        for observer in observers { observer.onTestBegin() }
        let feed = BatchFeed(source, random: RandomStream(random.generator), pass: 0)
        var step = 0
        while step < steps ?? .max, let batch = try feed.next(for: "\(operation), batch \(step)") {
            if source.checksBatches { try check(batch, for: "\(operation), batch \(step)") }
            for observer in observers { observer.onTestBatchBegin(step) }
            testStep(batch)
            let logs = scores
            for observer in observers { observer.onTestBatchEnd(step, logs: logs) }
            step += 1
            if stopTraining { break }
        }
        try checkCount(step, for: operation)
        let scores = scores
        for observer in observers { observer.onTestEnd(logs: scores) }
        return scores
    }
}

// MARK: Predicting

extension Model {
    /// The model's output for each sample: `[samples, …]`. Any number of threads may predict at once.
    ///
    /// - Parameters:
    ///   - inputs: `[samples, …]`, passed through the model in batches.
    ///   - steps: how many batches to take; nil: all.
    /// - Throws: a `TrainingError` if there are no samples, or if they do not fit the model.
    ///
    /// Traps if the model has several outputs: pass an array of inputs to get all of them.
    public final func predict(
        _ inputs: Tensor, batchSize: Int = 32, verbose: Verbosity = .silent, steps: Int? = nil,
        callbacks: [Callback] = []
    ) throws(TrainingError) -> Tensor {
        try onlyOutput(
            of: predict([inputs], batchSize: batchSize, verbose: verbose, steps: steps, callbacks: callbacks),
            for: "predict")
    }

    /// The model's outputs for samples of which each input is given: each `[samples, …]`.
    public final func predict(
        _ inputs: [Tensor], batchSize: Int = 32, verbose: Verbosity = .silent, steps: Int? = nil,
        callbacks: [Callback] = []
    ) throws(TrainingError) -> [Tensor] {
        require(batchSize >= 1, "predict: batchSize is \(batchSize), expected at least 1")
        try checkInputs(inputs, for: "predict")
        let count = inputs[0].shape[0]
        let size = min(batchSize, count)
        var starts = stride(from: 0, to: count, by: size).makeIterator()
        return try predict(batches: (count + size - 1) / size, upTo: steps, verbose, callbacks) {
            () throws(TrainingError) in
            starts.next().map { start in inputs.map { $0[start..<min(start + size, count)] } }
        }
    }

    /// The model's output for each sample of a data set: `[samples, …]`.
    ///
    /// - Throws: a `TrainingError` if there are no samples, or if they do not fit the model.
    ///
    /// Traps if the model has several outputs: `predictOutputs` gives all of them.
    public final func predict(
        _ data: Dataset, batchSize: Int = 32, verbose: Verbosity = .silent, steps: Int? = nil,
        callbacks: [Callback] = []
    ) throws(TrainingError) -> Tensor {
        try onlyOutput(
            of: predictOutputs(
                data, batchSize: batchSize, verbose: verbose, steps: steps, callbacks: callbacks),
            for: "predict")
    }

    /// The model's outputs for each sample of a data set: each `[samples, …]`.
    public final func predictOutputs(
        _ data: Dataset, batchSize: Int = 32, verbose: Verbosity = .silent, steps: Int? = nil,
        callbacks: [Callback] = []
    ) throws(TrainingError) -> [Tensor] {
        require(batchSize >= 1, "predict: batchSize is \(batchSize), expected at least 1")
        try checkCount(data.count, for: "predict")
        try prepare(sampleShapes: data.inputShapes, for: "predict")
        return try predict(data.batched(batchSize), checksBatches: false, verbose, steps, callbacks)
    }

    /// The model's output for each sample of a pass over batches by recipe: `[samples, …]`. Throws as `predict` over a
    /// `Dataset`, and if the data cannot be read.
    ///
    /// Traps if the model has several outputs: `predictOutputs` gives all of them.
    public final func predict(
        _ batches: Batches, verbose: Verbosity = .silent, steps: Int? = nil, callbacks: [Callback] = []
    ) throws(TrainingError) -> Tensor {
        try onlyOutput(
            of: predictOutputs(batches, verbose: verbose, steps: steps, callbacks: callbacks), for: "predict")
    }

    /// The model's outputs for each sample of a pass over batches by recipe: each `[samples, …]`.
    public final func predictOutputs(
        _ batches: Batches, verbose: Verbosity = .silent, steps: Int? = nil, callbacks: [Callback] = []
    ) throws(TrainingError) -> [Tensor] {
        try predict(batches, checksBatches: true, verbose, steps, callbacks)
    }

    private final func predict(
        _ batches: Batches, checksBatches: Bool, _ verbose: Verbosity, _ steps: Int?, _ callbacks: [Callback]
    ) throws(TrainingError) -> [Tensor] {
        var iterator = batches.makeIterator()
        let outputs = try predict(batches: batches.count, upTo: steps, verbose, callbacks) {
            () throws(TrainingError) in
            let batch: Batch?
            do throws(DataError) {
                batch = try iterator.nextBatch()
            } catch {
                throw TrainingError(error, "predict")
            }
            if checksBatches, let batch { try checkInputs(batch.allInputs, for: "predict") }
            return batch?.allInputs
        }
        try checkCount(outputs.count, for: "predict")
        return outputs
    }

    /// - Parameter batches: how many there are, if that is known.
    private final func predict(
        batches: Int?, upTo limit: Int?, _ verbose: Verbosity, _ callbacks: [Callback],
        next: () throws(TrainingError) -> [Tensor]?
    ) throws(TrainingError) -> [Tensor] {
        require(limit ?? 1 >= 1, "predict: steps is \(limit ?? 1), expected at least 1")
        let steps = batches.map { min($0, limit ?? $0) } ?? limit
        let plan = RunPlan(kind: .predicting, steps: steps, verbosity: verbose)
        let observers = observers(callbacks, plan)
        for observer in observers { observer.onPredictBegin() }
        var results: [[Tensor]] = []
        while results.count < steps ?? .max, let inputs = try next() {
            for observer in observers { observer.onPredictBatchBegin(results.count) }
            results.append(predictStep(inputs))
            for observer in observers { observer.onPredictBatchEnd(results.count - 1) }
        }
        for observer in observers { observer.onPredictEnd() }
        guard results.count != 1, let first = results.first else { return results.first ?? [] }
        return first.indices.map { output in Tensor.concatenate(results.map { $0[output] }) }
    }
}
