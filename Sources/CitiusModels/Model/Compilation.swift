import CitiusAutograd
import CitiusLayers
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor

/// What a model is trained with, an entry for each output.
package final class Compilation {
    package let optimizer: Optimizer
    /// One for each output, or one for all.
    let losses: [Loss]
    let lossWeights: [Double]
    let metrics: [[Metric]]
    let weightedMetrics: [[Metric]]
    /// What the outputs are called; nil for a model of one.
    let outputNames: [String]?

    let lossMean = Mean(name: "loss")
    /// Each output's own loss, where there are several.
    let outputLossMeans: [Mean]
    /// The outputs' losses of the last batch.
    var outputLosses: [Tensor] = []
    /// Whether a batch's predictions were looked at, and whether it was said that the loss is no number.
    private var hasSeenPredictions = false
    private var hasSeenNaN = false

    init(
        optimizer: Optimizer, losses: [Loss], lossWeights: [Double], metrics: [[Metric]],
        weightedMetrics: [[Metric]], outputNames: [String]?
    ) {
        self.optimizer = optimizer
        self.losses = losses
        self.lossWeights = lossWeights
        self.metrics = metrics
        self.weightedMetrics = weightedMetrics
        self.outputNames = outputNames
        outputLossMeans = (outputNames ?? []).map { Mean(name: $0 + "_loss") }
        var names: Set<String> = ["loss"]
        for name in metricsByName.map({ $0.name }) where name != "loss" {
            require(
                names.insert(name).inserted,
                "compile: two metrics are called \"\(name)\"; name one of them otherwise")
        }
    }

    /// Says, once, what the losses compute with in silence though it is hardly meant.
    func warn(about predictions: [Variable], of inputs: [Tensor]) {
        guard !hasSeenPredictions else { return }
        hasSeenPredictions = true
        for input in inputs {
            if let warning = InputWarnings.warning(about: input) { Console.warn(warning) }
        }
        for (index, prediction) in predictions.enumerated() {
            if let warning = loss(ofOutput: index).warning(about: prediction) { Console.warn(warning) }
        }
    }

    /// Says, once, that the loss is no number.
    func warn(aboutLoss loss: Double) {
        guard loss.isNaN, !hasSeenNaN else { return }
        hasSeenNaN = true
        Console.warn(
            "The loss is nan: look for nan in the data; a smaller learning rate, clipped gradients or inputs scaled to "
                + "about 1 may keep it finite. The callback TerminateOnNaN() stops the training there.")
    }

    func loss(ofOutput index: Int) -> Loss { losses.count == 1 ? losses[0] : losses[index] }

    func lossWeight(ofOutput index: Int) -> Double { lossWeights.isEmpty ? 1 : lossWeights[index] }

    /// The loss and the metrics by what logs call them.
    var metricsByName: [(name: String, metric: Metric)] {
        var result: [(name: String, metric: Metric)] = [("loss", lossMean)]
        result += outputLossMeans.map { ($0.name, $0) }
        for list in [metrics, weightedMetrics] {
            for (output, metrics) in list.enumerated() {
                for metric in metrics {
                    result.append((outputNames.map { $0[output] + "_" + metric.name } ?? metric.name, metric))
                }
            }
        }
        return result
    }
}

extension Model {
    /// Says what the model is trained with. The weights stay as they are.
    ///
    /// - Parameters:
    ///   - loss: of every output, where there are several.
    ///   - metrics: computed of every sample alike; of the first output, where there are several.
    ///   - weightedMetrics: computed with the samples' weights, where there are any.
    ///
    /// Traps if two metrics have one name.
    public final func compile(
        optimizer: Optimizer, loss: Loss, metrics: [Metric] = [], weightedMetrics: [Metric] = []
    ) {
        let names = outputNames
        let rest = [[Metric]](repeating: [], count: max(0, (names?.count ?? 1) - 1))
        compilation = Compilation(
            optimizer: optimizer, losses: [loss], lossWeights: [], metrics: [metrics] + rest,
            weightedMetrics: [weightedMetrics] + rest, outputNames: names)
    }

    /// Says what a model of several outputs is trained with: the sum of the outputs' losses, each times its weight.
    ///
    /// ```swift
    /// model.compile(
    ///     optimizer: .adam, losses: [.sparseCategoricalCrossentropy, .meanSquaredError],
    ///     lossWeights: [1, 0.5], metrics: [[.accuracy], []])
    /// ```
    ///
    /// Logs call an output's loss and metrics `name_loss` and `name_accuracy`, by the layer that gives it.
    ///
    /// - Parameters:
    ///   - losses: one for each output.
    ///   - lossWeights: one for each output; by default 1.
    ///   - metrics: those of each output, computed of every sample alike.
    ///   - weightedMetrics: those of each output, computed with the samples' weights.
    ///
    /// Traps if the model is not built, if the numbers are not that of its outputs, or if two metrics have one name.
    public final func compile(
        optimizer: Optimizer, losses: [Loss], lossWeights: [Double] = [], metrics: [[Metric]] = [],
        weightedMetrics: [[Metric]] = []
    ) {
        guard let shapes = outputShapes else {
            fail("compile: \(label) is not built, so that its outputs are not known; build it first")
        }
        for (name, count) in [
            ("losses", losses.count), ("lossWeights", lossWeights.count), ("metrics", metrics.count),
            ("weightedMetrics", weightedMetrics.count),
        ] {
            require(
                count == shapes.count || count == 0 && name != "losses",
                "compile: \(count) \(name) for the \(shapes.count) outputs of \(label)")
        }
        let none = [[Metric]](repeating: [], count: shapes.count)
        compilation = Compilation(
            optimizer: optimizer, losses: losses, lossWeights: lossWeights,
            metrics: metrics.isEmpty ? none : metrics,
            weightedMetrics: weightedMetrics.isEmpty ? none : weightedMetrics, outputNames: outputNames)
    }

    /// The same by the outputs' names, those of the layers that give them.
    ///
    /// ```swift
    /// model.compile(
    ///     optimizer: .adam, losses: ["label": .sparseCategoricalCrossentropy, "box": .meanSquaredError],
    ///     lossWeights: ["box": 0.5], metrics: ["label": [.accuracy]])
    /// ```
    ///
    /// Traps if an output has no loss, or if there is no output of a name.
    public final func compile(
        optimizer: Optimizer, losses: [String: Loss], lossWeights: [String: Double] = [:],
        metrics: [String: [Metric]] = [:], weightedMetrics: [String: [Metric]] = [:]
    ) {
        let names = graph?.outputLayers.map { $0.name } ?? []
        let given = Set(
            Array(losses.keys) + Array(lossWeights.keys) + Array(metrics.keys) + Array(weightedMetrics.keys))
        for name in given.sorted() {
            require(
                names.contains(name),
                "compile: \(label) has no output \"\(name)\", expected one of "
                    + names.joined(separator: ", "))
        }
        compile(
            optimizer: optimizer,
            losses: names.map { name in
                guard let loss = losses[name] else { fail("compile: the output \"\(name)\" has no loss") }
                return loss
            },
            lossWeights: names.map { lossWeights[$0] ?? 1 }, metrics: names.map { metrics[$0] ?? [] },
            weightedMetrics: names.map { weightedMetrics[$0] ?? [] })
    }

    /// What logs call the outputs, if there are several: the names of the layers that give them, numbered where a
    /// layer gives several.
    private final var outputNames: [String]? {
        guard let count = outputShapes?.count, count > 1 else { return nil }
        let names = graph?.outputLayers.map { $0.name } ?? (0..<count).map { "output_\($0)" }
        return names.enumerated().map { index, name in
            names.filter { $0 == name }.count == 1 ? name : "\(name)_\(index)"
        }
    }

    /// What changes the weights; nil before `compile`.
    public final var optimizer: Optimizer? {
        nameParameters()
        return compilation?.optimizer
    }

    /// What training minimizes; of several outputs, the first one's. Nil before `compile`.
    public final var loss: Loss? { compilation?.losses[0] }

    final func compiled(for operation: String) -> Compilation {
        guard let compilation else {
            fail("\(operation): the model is not compiled; call compile(optimizer:loss:metrics:) first")
        }
        nameParameters()
        return compilation
    }

    /// Tells parameters their paths, by which optimizers may tell them apart.
    final func nameParameters() {
        guard isBuilt, !parametersAreNamed else { return }
        for (path, parameter) in namedParameters { parameter.path = path }
        parametersAreNamed = true
    }

    // MARK: Running metrics

    /// The loss and the metrics since the last reset, by name.
    final var scores: Scores {
        var scores: Scores = [:]
        for (name, metric) in allMetrics { scores[name] = metric.result }
        return scores.sorted
    }

    /// Has the loss and the metrics begin anew, as `fit` and `evaluate` do with each epoch and each evaluation.
    public final func resetMetrics() {
        for (_, metric) in allMetrics { metric.reset() }
    }

    /// What the running epoch has gathered, by the metrics' names.
    final var metricStates: [String: [Tensor]] {
        get { Dictionary(uniqueKeysWithValues: allMetrics.map { ($0.name, $0.metric.state) }) }
        set {
            for (name, metric) in allMetrics {
                if let state = newValue[name] { metric.state = state } else { metric.reset() }
            }
        }
    }

    /// Which way the metric of this name in the logs improves; nil if there is none, or it does not say.
    final func goal(ofMetric name: String) -> Metric.Goal? {
        allMetrics.first { $0.name == name }?.metric.goal
    }

    /// What logs call the loss and the metrics.
    public final var metricsNames: [String] { allMetrics.map { $0.name } }

    /// The compiled loss and metrics, then those that a subclass adds in `metrics`.
    private final var allMetrics: [(name: String, metric: Metric)] {
        let compiled = compilation?.metricsByName ?? []
        let known = Set(compiled.map { ObjectIdentifier($0.metric) })
        return compiled
            + metrics.filter { !known.contains(ObjectIdentifier($0)) }.map { ($0.name, $0) }
    }
}
