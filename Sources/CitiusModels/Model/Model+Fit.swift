import CitiusAutograd
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
    ///   - epochs: the epoch after the last, counted from 0: as many as are trained, if none was before.
    ///   - callbacks: called in this order, backups after all others, before the progress bar and the history.
    ///   - validationSplit: the fraction of the data, its last samples, that is kept to validate with. Traps
    ///     outside 0..<1.
    ///   - validationData: samples to validate with; overrides the split.
    ///   - shuffle: whether each epoch takes the samples in an order of its own.
    ///   - classWeight: what a sample of a class counts in the loss; 1 for classes that are not named.
    ///   - initialEpoch: the epoch to begin with, when a training is taken up again.
    ///   - stepsPerEpoch: how many batches make an epoch; nil: all of the data. The next epoch goes on where the last
    ///     one ended.
    ///   - validationSteps: how many batches to validate with; nil: all.
    ///   - validationBatchSize: `batchSize` by default.
    ///   - validationFrequency: validates after every so many epochs.
    ///   - dashboard: whether a `Dashboard` shows the training, in the progress bar's place where there is a terminal.
    ///   - techniques: ways to train faster or better; see `Technique`.
    /// - Returns: the loss and metrics of each epoch.
    /// - Throws: a `TrainingError` if the data is empty or fits neither the model nor the loss, or if the techniques fit
    ///   neither each other nor the model; nothing has been trained then.
    ///
    /// Traps if the model is not compiled, or a number is out of range.
    @discardableResult
    public final func fit(
        _ data: Dataset, batchSize: Int = 32, epochs: Int = 1, verbose: Verbosity = .automatic,
        callbacks: [Callback] = [], validationSplit: Double = 0, validationData: Dataset? = nil,
        shuffle: Bool = true, classWeight: [Int: Double]? = nil, initialEpoch: Int = 0,
        stepsPerEpoch: Int? = nil, validationSteps: Int? = nil, validationBatchSize: Int? = nil,
        validationFrequency: Int = 1, dashboard: Bool = false, techniques: [any Technique] = []
    ) throws(TrainingError) -> History {
        require(batchSize >= 1, "fit: batchSize is \(batchSize), expected at least 1")
        let size = validationBatchSize ?? batchSize
        require(size >= 1, "fit: validationBatchSize is \(size), expected at least 1")
        _ = compiled(for: "fit")
        return try run.claimed(for: "fit") { () throws(TrainingError) in
            let (train, validation) = try divided(data, validationSplit, validationData)
            try check(train, for: "fit")
            if let validation { try check(validation, for: "fit, validation") }
            let techniqueRun: TechniqueRun? =
                techniques.isEmpty
                ? nil
                : try TechniqueRun(
                    techniques,
                    training: Training(
                        model: self, data: train, validationData: validation, batchSize: batchSize,
                        epochs: epochs
                    ), shuffles: shuffle, stepsPerEpoch: stepsPerEpoch)
            return try fit(
                techniqueRun.map { BatchSource($0) }
                    ?? BatchSource(train, batchSize: batchSize, shuffles: shuffle),
                validation: validation.map { BatchSource($0, batchSize: size, shuffles: false) },
                FitPlan(
                    epochs: epochs, initialEpoch: initialEpoch, stepsPerEpoch: stepsPerEpoch,
                    validationSteps: validationSteps, validationFrequency: validationFrequency,
                    classWeight: classWeight),
                verbose, dashboard ? [Dashboard()] + callbacks : callbacks, techniqueRun)
        }
    }

    /// Trains the model on tensors: inputs `[samples, …]` and targets `[samples, …]`. See
    /// `fit(_:batchSize:epochs:…)` over a `Dataset`.
    @discardableResult
    public final func fit(
        _ inputs: Tensor, _ targets: Tensor, sampleWeight: Tensor? = nil, batchSize: Int = 32,
        epochs: Int = 1, verbose: Verbosity = .automatic, callbacks: [Callback] = [],
        validationSplit: Double = 0, validationData: Dataset? = nil, shuffle: Bool = true,
        classWeight: [Int: Double]? = nil, initialEpoch: Int = 0, stepsPerEpoch: Int? = nil,
        validationSteps: Int? = nil, validationBatchSize: Int? = nil, validationFrequency: Int = 1,
        dashboard: Bool = false, techniques: [any Technique] = []
    ) throws(TrainingError) -> History {
        try checkCounts([inputs], [targets], for: "fit")
        return try fit(
            Dataset(inputs: inputs, targets: targets, sampleWeights: sampleWeight), batchSize: batchSize,
            epochs: epochs, verbose: verbose, callbacks: callbacks, validationSplit: validationSplit,
            validationData: validationData, shuffle: shuffle, classWeight: classWeight,
            initialEpoch: initialEpoch, stepsPerEpoch: stepsPerEpoch, validationSteps: validationSteps,
            validationBatchSize: validationBatchSize, validationFrequency: validationFrequency,
            dashboard: dashboard, techniques: techniques)
    }

    /// Trains the model on tensors and validates it with a pair of tensors, `validationData: (inputs, targets)`.
    @discardableResult
    public final func fit(
        _ inputs: Tensor, _ targets: Tensor, sampleWeight: Tensor? = nil, batchSize: Int = 32,
        epochs: Int = 1, verbose: Verbosity = .automatic, callbacks: [Callback] = [],
        validationData: (inputs: Tensor, targets: Tensor), shuffle: Bool = true,
        classWeight: [Int: Double]? = nil, initialEpoch: Int = 0, stepsPerEpoch: Int? = nil,
        validationSteps: Int? = nil, validationBatchSize: Int? = nil, validationFrequency: Int = 1,
        dashboard: Bool = false, techniques: [any Technique] = []
    ) throws(TrainingError) -> History {
        let (validationInputs, validationTargets) = validationData
        try checkCounts([validationInputs], [validationTargets], for: "fit, validation")
        return try fit(
            inputs, targets, sampleWeight: sampleWeight, batchSize: batchSize, epochs: epochs,
            verbose: verbose, callbacks: callbacks,
            validationData: Dataset(inputs: validationInputs, targets: validationTargets), shuffle: shuffle,
            classWeight: classWeight, initialEpoch: initialEpoch, stepsPerEpoch: stepsPerEpoch,
            validationSteps: validationSteps, validationBatchSize: validationBatchSize,
            validationFrequency: validationFrequency, dashboard: dashboard, techniques: techniques)
    }

    /// Trains the model on batches by recipe, a pass an epoch: shuffled, augmented, made ahead, of data in memory, in
    /// mapped files or in streams.
    ///
    /// ```swift
    /// let batches = train.batched(32).shuffled().mapped(parallel: 2, augmented).prefetched()
    /// try model.fit(batches, epochs: 10, validationData: test.batched(64))
    /// ```
    ///
    /// Each batch is checked as it comes. One that does not fit, or cannot be read, ends the training with an error; the
    /// weights keep what was learned, and `history` what was recorded. With `BackupAndRestore` a training goes on within
    /// a pass, with the same bits.
    ///
    /// - Parameter stepsPerEpoch: how many batches make an epoch; nil: a pass. The next epoch goes on where the last one
    ///   ended.
    @discardableResult
    public final func fit(
        _ batches: Batches, epochs: Int = 1, verbose: Verbosity = .automatic, callbacks: [Callback] = [],
        validationData: Batches? = nil, classWeight: [Int: Double]? = nil, initialEpoch: Int = 0,
        stepsPerEpoch: Int? = nil, validationSteps: Int? = nil, validationFrequency: Int = 1,
        dashboard: Bool = false
    ) throws(TrainingError) -> History {
        _ = compiled(for: "fit")
        return try run.claimed(for: "fit") { () throws(TrainingError) in
            try fit(
                BatchSource(batches), validation: validationData.map { BatchSource($0) },
                FitPlan(
                    epochs: epochs, initialEpoch: initialEpoch, stepsPerEpoch: stepsPerEpoch,
                    validationSteps: validationSteps, validationFrequency: validationFrequency,
                    classWeight: classWeight),
                verbose, dashboard ? [Dashboard()] + callbacks : callbacks)
        }
    }

    /// Trains the model on batches of your own making, iterated once an epoch.
    ///
    /// ```swift
    /// try model.fit(batches: [Batch(inputs: x, targets: y)], epochs: 10)
    /// ```
    ///
    /// Each batch is checked as it comes. One that does not fit ends the training with an error; the weights keep what
    /// was learned, and `history` what was recorded.
    ///
    /// - Parameter batches: with `stepsPerEpoch`, it may go on for ever; without, it is iterated anew for each epoch.
    @discardableResult
    public final func fit<S: Sequence>(
        batches: S, epochs: Int = 1, verbose: Verbosity = .automatic, callbacks: [Callback] = [],
        validationData: Dataset? = nil, classWeight: [Int: Double]? = nil, initialEpoch: Int = 0,
        stepsPerEpoch: Int? = nil, validationSteps: Int? = nil, validationBatchSize: Int = 32,
        validationFrequency: Int = 1, dashboard: Bool = false
    ) throws(TrainingError) -> History where S.Element == Batch {
        require(
            validationBatchSize >= 1,
            "fit: validationBatchSize is \(validationBatchSize), expected at least 1")
        _ = compiled(for: "fit")
        return try run.claimed(for: "fit") { () throws(TrainingError) in
            if let validationData { try check(validationData, for: "fit, validation") }
            return try fit(
                BatchSource(batches),
                validation: validationData.map {
                    BatchSource($0, batchSize: validationBatchSize, shuffles: false)
                },
                FitPlan(
                    epochs: epochs, initialEpoch: initialEpoch, stepsPerEpoch: stepsPerEpoch,
                    validationSteps: validationSteps, validationFrequency: validationFrequency,
                    classWeight: classWeight),
                verbose, dashboard ? [Dashboard()] + callbacks : callbacks)
        }
    }

    @available(
        *, unavailable, message: "inputs and targets come first, without names: fit(inputs, targets, …)"
    )
    @discardableResult
    public final func fit(
        x: Tensor, y: Tensor, batchSize: Int = 32, epochs: Int = 1, verbose: Verbosity = .automatic,
        callbacks: [Callback] = [], validationSplit: Double = 0
    ) -> History { fail("unavailable") }

    // MARK: The loop

    private final func fit(
        _ source: BatchSource, validation: BatchSource?, _ fitPlan: FitPlan, _ verbose: Verbosity,
        _ callbacks: [Callback], _ techniques: TechniqueRun? = nil
    ) throws(TrainingError) -> History {
        fitPlan.check()
        require(
            run.feed == nil, "fit: \(modelName) is being trained already, by the call that this one is within"
        )
        warnIfUnoptimized(verbose)
        let history = History()
        self.history = history
        let plan = RunPlan(
            kind: .training, epochs: fitPlan.epochs, initialEpoch: fitPlan.initialEpoch,
            steps: fitPlan.stepsPerEpoch ?? source.steps, verbosity: verbose)
        let observers = observers(callbacks, plan) + [history]
        history.attach(to: self, plan: plan)

        // Without a length of its own, an epoch is a pass.
        let feed = BatchFeed(
            source, random: random, pass: fitPlan.stepsPerEpoch == nil ? fitPlan.initialEpoch : 0)
        run.feed = feed
        run.callbacks = observers
        run.techniques = techniques
        (run.resumption, run.callbackStates, run.techniqueStates) = (nil, nil, nil)
        run.failure = nil
        (run.isInterrupted, run.isFinished) = (false, false)
        stopTraining = false
        var logs: Scores = [:]
        for observer in observers { observer.onTrainBegin() }
        defer {
            techniques?.end()
            for observer in observers { observer.onTrainEnd(logs: logs) }
            run.feed = nil
            run.callbacks = []
            run.techniques = nil
        }
        var (epoch, step) = (fitPlan.initialEpoch, 0)
        if let failure = run.failure { throw failure }
        try TechniqueRun.begin(
            techniques,
            resumingFrom: run.resumption == nil ? nil : run.techniqueStates ?? TechniqueStates.none)
        if let resumption = run.resumption {
            (epoch, step) = (resumption.epoch, resumption.step)
            feed.resume(pass: resumption.pass, start: resumption.passStart, drawn: resumption.drawn)
            random.generator = resumption.random
            if let states = run.callbackStates { try CallbackState.restore(states, to: observers) }
            stopTraining = resumption.isStopped
        }
        while epoch < fitPlan.epochs, !stopTraining {
            (run.epoch, run.step) = (epoch, step)
            resetMetrics()
            if step > 0, let resumption = run.resumption { metricStates = resumption.metrics }
            techniques?.training.epoch = epoch
            techniques?.training.step = step
            if fitPlan.stepsPerEpoch == nil, let steps = feed.begunPass() {
                for observer in observers { observer.plan.steps = steps }
            }
            for observer in observers { observer.onEpochBegin(epoch) }
            let isWhole = try trainEpoch(feed, observers, fitPlan, from: step)
            step = 0
            logs = scores
            techniques?.swap()
            if let validation, !stopTraining, (epoch + 1) % fitPlan.validationFrequency == 0 {
                let scores = try test(
                    validation, steps: fitPlan.validationSteps, observers, for: "fit, validation")
                // A validation that was broken off says nothing of the epoch.
                if !stopTraining { for (name, value) in scores.entries { logs["val_" + name] = value } }
            }
            if isWhole { (run.epoch, run.step) = (epoch + 1, 0) } else { history.brokenOffEpoch = epoch }
            for observer in observers {
                // A backup holds the weights that are trained.
                if observer is BackupAndRestore { techniques?.swapBack() }
                observer.onEpochEnd(epoch, logs: &logs)
            }
            techniques?.swapBack()
            epoch += 1
        }
        if let failure = run.failure { throw failure }
        if epoch > 0 { optimizer?.finalizeValues(of: trainableParameters) }
        techniques?.keepWeightsToEvaluate()
        run.isFinished = true
        return history
    }

    /// - Returns: whether the epoch came to its end.
    private final func trainEpoch(
        _ feed: BatchFeed, _ observers: [Callback], _ plan: FitPlan, from start: Int
    ) throws(TrainingError) -> Bool {
        var step = start
        var isAtEnd = false
        while step < plan.stepsPerEpoch ?? .max {
            guard let batch = try feed.next(for: "fit, batch \(step)") else {
                // The end of the data is that of the epoch, unless the epoch has a length of its own: then the data
                // begins anew, if it can.
                if plan.stepsPerEpoch == nil || isAtEnd { break }
                isAtEnd = true
                continue
            }
            isAtEnd = false
            if feed.source.checksBatches { try check(batch, for: "fit, batch \(step)") }
            for observer in observers { observer.onTrainBatchBegin(step) }
            let weighted = weighted(batch, by: plan.classWeight)
            if let techniques = run.techniques {
                if let batch = techniques.beginStep(weighted, epoch: run.epoch, step: step) {
                    trainStep(batch)
                    techniques.endStep()
                }
            } else {
                trainStep(weighted)
            }
            step += 1
            run.step = step
            let logs = scores
            for observer in observers { observer.onTrainBatchEnd(step - 1, logs: logs) }
            if stopTraining {
                let isWhole = step == plan.stepsPerEpoch ?? feed.source.stepsOfPass?() ?? feed.source.steps
                // A training that goes on from here begins the next epoch with the next pass.
                if isWhole && plan.stepsPerEpoch == nil { feed.endPass() }
                return isWhole
            }
        }
        guard isAtEnd || step == 0 else { return true }
        if feed.passes == 1 { try checkCount(step, for: "fit") }
        throw TrainingError(
            .exhaustedData,
            "fit: the batches are at their end after step \(step) of the epoch and cannot be iterated again; give a "
                + "sequence that can, such as Dataset.batched(_:) or an array, or one that goes on for ever."
        )
    }

    /// Where the training stands, between two of its steps; nil outside of `fit`.
    package final var trainingPosition: TrainingPosition? {
        guard let feed = run.feed else { return nil }
        let (pass, passStart, drawn) = feed.position
        return TrainingPosition(
            epoch: run.epoch, step: run.step, pass: pass, passStart: passStart, drawn: drawn,
            random: random.generator, metrics: metricStates,
            isStopped: stopTraining && !run.isInterrupted && run.step == 0)
    }

    /// The given callbacks and a progress bar, unless there is one, told what is to be done.
    final func observers(_ callbacks: [Callback], _ plan: RunPlan) -> [Callback] {
        // A backup holds what the others have gathered.
        var observers =
            callbacks.filter { !($0 is BackupAndRestore) } + callbacks.filter { $0 is BackupAndRestore }
        let isShown = callbacks.contains {
            $0 is ProgressBar || ($0 as? Dashboard)?.isLive == true && plan.kind == .training
        }
        if plan.verbosity != .silent && !isShown {
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
            split >= 0 && split < 1,
            "fit: validationSplit is \(split), expected a fraction of at least 0 and below 1")
        if validationData != nil || split == 0 { return (data, validationData) }
        try checkCount(data.count, for: "fit")
        let kept = Int(Double(data.count) * (1 - split))
        guard kept > 0 && kept < data.count else {
            throw TrainingError(
                .validationSplit,
                "fit: \(data.count) samples cannot be split by validationSplit \(split): nothing would be "
                    + "left to \(kept == 0 ? "train" : "validate") with; give more samples or another fraction."
            )
        }
        return (data.subset(0..<kept), data.subset(kept..<data.count))
    }
}

/// What `fit` was asked for.
private struct FitPlan {
    let epochs: Int
    let initialEpoch: Int
    let stepsPerEpoch: Int?
    let validationSteps: Int?
    let validationFrequency: Int
    let classWeight: [Int: Double]?

    /// Traps if a number is out of range.
    func check() {
        require(epochs >= 0, "fit: epochs is \(epochs), expected 0 or more")
        require(initialEpoch >= 0, "fit: initialEpoch is \(initialEpoch), expected 0 or more")
        for (name, number) in [
            ("stepsPerEpoch", stepsPerEpoch), ("validationSteps", validationSteps),
            ("validationFrequency", validationFrequency),
        ] {
            require(number ?? 1 >= 1, "fit: \(name) is \(number ?? 1), expected at least 1")
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
