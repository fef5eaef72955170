import CitiusData
import CitiusKernels
import CitiusPlatform
import CitiusTensor
import Synchronization

extension Model {
    /// Trains the model.
    ///
    /// ```swift
    /// let history = try model.fit(train, batchSize: 32, epochs: 10, validationData: test)
    /// ```
    ///
    /// Defaults and meanings are Keras's: an epoch's loss and metrics are means over its samples, the last
    /// batch may be short, the validation comes after each epoch. Where a training is stopped within an epoch
    /// (see `stopTraining`), that epoch is not validated.
    ///
    /// - Parameters:
    ///   - callbacks: looked after in this order, before the progress bar and the history.
    ///   - validationSplit: the share of the data, its last samples, that is kept to validate with. Traps
    ///     outside 0..<1.
    ///   - validationData: samples to validate with; overrides the split.
    ///   - shuffle: whether each epoch takes the samples in an order of its own.
    ///   - classWeights: what a sample of a class counts in the loss; 1 for classes that are not named.
    ///   - initialEpoch: the epoch to begin with, when a training is taken up again.
    ///   - validationBatchSize: `batchSize` by default.
    ///   - validationFrequency: validates after every so many epochs.
    /// - Returns: the loss and metrics of each epoch.
    /// - Throws: a `TrainingError` if the data is empty or fits neither the model nor the loss; nothing has
    ///   been trained then.
    ///
    /// Traps if the model is not compiled, or a number is out of range.
    @discardableResult
    public final func fit(
        _ data: Dataset, batchSize: Int = 32, epochs: Int = 1, verbose: Verbosity = .automatic,
        callbacks: [Callback] = [], validationSplit: Double = 0, validationData: Dataset? = nil,
        shuffle: Bool = true, classWeights: [Int: Double]? = nil, initialEpoch: Int = 0,
        validationBatchSize: Int? = nil, validationFrequency: Int = 1
    ) throws(TrainingError) -> History {
        require(batchSize >= 1, "fit: batchSize is \(batchSize), expected at least 1")
        let (train, validation) = try divided(data, validationSplit, validationData)
        try check(train, for: "fit")
        if let validation { try check(validation, for: "fit, validation") }
        let size = validationBatchSize ?? batchSize
        require(size >= 1, "fit: validationBatchSize is \(size), expected at least 1")
        return try fit(
            BatchSource(train, batchSize: batchSize, shuffles: shuffle),
            validation: validation.map { BatchSource($0, batchSize: size, shuffles: false) },
            epochs: initialEpoch..<max(initialEpoch, epochs), verbose: verbose, callbacks: callbacks,
            classWeights: classWeights, validationFrequency: validationFrequency)
    }

    /// Trains the model on tensors: inputs `[samples, …]` and targets `[samples, …]`. See
    /// `fit(_:batchSize:epochs:…)` over a `Dataset`.
    @discardableResult
    public final func fit(
        _ inputs: Tensor, _ targets: Tensor, sampleWeights: Tensor? = nil, batchSize: Int = 32,
        epochs: Int = 1, verbose: Verbosity = .automatic, callbacks: [Callback] = [],
        validationSplit: Double = 0, validationData: Dataset? = nil, shuffle: Bool = true,
        classWeights: [Int: Double]? = nil, initialEpoch: Int = 0
    ) throws(TrainingError) -> History {
        try checkCounts(inputs, targets)
        return try fit(
            Dataset(inputs: inputs, targets: targets, sampleWeights: sampleWeights), batchSize: batchSize,
            epochs: epochs, verbose: verbose, callbacks: callbacks, validationSplit: validationSplit,
            validationData: validationData, shuffle: shuffle, classWeights: classWeights,
            initialEpoch: initialEpoch)
    }

    /// Trains the model on batches of your own making, iterated once an epoch: augmented, prefetched, read
    /// from elsewhere.
    ///
    /// ```swift
    /// try model.fit(batches: train.batches(of: 32).map { augmented($0) }.prefetched(), epochs: 5)
    /// ```
    ///
    /// - Throws: a `TrainingError` if there is no batch, or at the first that fits neither the model nor the
    ///   loss; the weights are those after the batch before.
    @discardableResult
    public final func fit<S: Sequence>(
        batches: S, epochs: Int = 1, verbose: Verbosity = .automatic, callbacks: [Callback] = [],
        validationData: Dataset? = nil, validationBatchSize: Int = 32, classWeights: [Int: Double]? = nil,
        initialEpoch: Int = 0, validationFrequency: Int = 1
    ) throws(TrainingError) -> History where S.Element == Batch {
        if let validationData { try checkCount(validationData.count, for: "fit, validation") }
        return try fit(
            BatchSource(batches),
            validation: validationData.map {
                BatchSource($0, batchSize: validationBatchSize, shuffles: false, checksBatches: true)
            },
            epochs: initialEpoch..<max(initialEpoch, epochs), verbose: verbose, callbacks: callbacks,
            classWeights: classWeights, validationFrequency: validationFrequency)
    }

    // MARK: The loop

    private final func fit(
        _ source: BatchSource, validation: BatchSource?, epochs: Range<Int>, verbose: Verbosity,
        callbacks: [Callback], classWeights: [Int: Double]?, validationFrequency: Int
    ) throws(TrainingError) -> History {
        require(
            validationFrequency >= 1,
            "fit: validationFrequency is \(validationFrequency), expected at least 1")
        let compilation = compiled(for: "fit")
        warnIfUnoptimized(verbose)
        let history = History()
        let plan = RunPlan(
            kind: .training, epochs: epochs.upperBound, initialEpoch: epochs.lowerBound, steps: source.steps,
            verbosity: verbose)
        let observers = observers(callbacks, plan) + [history]
        history.attach(to: self, plan: plan)

        stopTraining = false
        var logs: Scores = [:]
        for observer in observers { observer.onTrainBegin() }
        defer { for observer in observers { observer.onTrainEnd(logs: logs) } }
        for epoch in epochs {
            compilation.reset()
            for observer in observers { observer.onEpochBegin(epoch) }
            try trainEpoch(source, compilation, observers, classWeights)
            logs = compilation.scores
            if let validation, !stopTraining, (epoch + 1) % validationFrequency == 0 {
                let scores = try test(validation, compilation, observers, for: "fit, validation")
                // A validation that was broken off says nothing of the epoch.
                if !stopTraining { for (name, value) in scores.entries { logs["val_" + name] = value } }
            }
            for observer in observers { observer.onEpochEnd(epoch, logs: &logs) }
            if stopTraining { break }
        }
        return history
    }

    private final func trainEpoch(
        _ source: BatchSource, _ compilation: Compilation, _ observers: [Callback],
        _ classWeights: [Int: Double]?
    ) throws(TrainingError) {
        let batches = source.batches(&generator)
        var step = 0
        while let batch = batches.next() {
            if source.checksBatches { try check(batch, compilation, for: "fit, batch \(step)") }
            for observer in observers { observer.onTrainBatchBegin(step) }
            train(batch, compilation, classWeights: classWeights)
            let logs = compilation.scores
            for observer in observers { observer.onTrainBatchEnd(step, logs: logs) }
            step += 1
            if stopTraining { return }
        }
        try checkCount(step, for: "fit")
    }

    /// The given callbacks and a progress bar, unless there is one, told what is to be done.
    final func observers(_ callbacks: [Callback], _ plan: RunPlan) -> [Callback] {
        var observers = callbacks
        if plan.verbosity != .silent && !callbacks.contains(where: { $0 is ProgressBar }) {
            observers.append(ProgressBar(verbosity: plan.verbosity))
        }
        for observer in observers { observer.attach(to: self, plan: plan) }
        return observers
    }

    // MARK: Data

    private final func divided(
        _ data: Dataset, _ split: Double, _ validationData: Dataset?
    ) throws(TrainingError) -> (train: Dataset, validation: Dataset?) {
        require(
            (0..<1).contains(split), "fit: validationSplit is \(split), expected a share from 0 to below 1")
        if validationData != nil || split == 0 { return (data, validationData) }
        try checkCount(data.count, for: "fit")
        let kept = Int((Double(data.count) * (1 - split)).rounded(.down))
        guard kept > 0 && kept < data.count else {
            throw TrainingError(
                .validationSplit,
                "fit: \(data.count) samples cannot be split by validationSplit \(split): nothing would be "
                    + "left to \(kept == 0 ? "train" : "validate") with; give more samples or another share.")
        }
        return (data.subset(0..<kept), data.subset(kept..<data.count))
    }

    final func check(_ data: Dataset, for operation: String) throws(TrainingError) {
        let compilation = compiled(for: operation)
        try checkCount(data.count, for: operation)
        try prepare(sampleShape: data.inputShape, for: operation)
        try checkTargets(data.targets, of: compilation.loss, count: data.count, for: operation)
    }

    final func checkCounts(_ inputs: Tensor, _ targets: Tensor) throws(TrainingError) {
        guard inputs.rank > 0, targets.rank > 0, inputs.shape[0] == targets.shape[0] else {
            throw TrainingError(
                .targetShape,
                "fit: the inputs are \(inputs.shape) and the targets \(targets.shape); give one target for "
                    + "each input, along the first axis.")
        }
    }
}

#if DEBUG
    private let hasWarned = Atomic<Bool>(false)
#endif

/// Says once that a debug build is slow.
private func warnIfUnoptimized(_ verbosity: Verbosity) {
    #if DEBUG
        guard verbosity != .silent, !hasWarned.exchange(true, ordering: .relaxed) else { return }
        Console.warn(
            "Citius is built for debugging and trains dozens of times slower; build with: "
                + "swift build -c release")
    #endif
}
