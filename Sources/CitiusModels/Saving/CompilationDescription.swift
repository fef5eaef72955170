import CitiusConfiguration
import CitiusOptimizers

/// What a model is trained with, in Keras's schema (`compile_config`): one entry for a model of one output, lists for
/// several.
package struct CompilationDescription: Codable {
    var optimizer: OptimizerEnvelope
    var loss: OneOrList<Loss>
    var lossWeights: [Double]?
    var metrics: OneOrList<[MetricEnvelope]>
    var weightedMetrics: OneOrList<[MetricEnvelope]>

    package init(_ compilation: Compilation) {
        optimizer = OptimizerEnvelope(compilation.optimizer)
        let hasOneOutput = compilation.outputNames == nil
        func list(_ metrics: [[Metric]]) -> OneOrList<[MetricEnvelope]> {
            let metrics = metrics.map { $0.map { MetricEnvelope($0) } }
            return hasOneOutput ? .one(metrics[0]) : .list(metrics)
        }
        loss = compilation.losses.count == 1 ? .one(compilation.losses[0]) : .list(compilation.losses)
        lossWeights = compilation.lossWeights.isEmpty ? nil : compilation.lossWeights
        metrics = list(compilation.metrics)
        weightedMetrics = list(compilation.weightedMetrics)
    }

    package init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        optimizer = try container.decode(OptimizerEnvelope.self, forKey: .optimizer)
        loss = try container.decode(OneOrList<Loss>.self, forKey: .loss)
        lossWeights = try container.decodeIfPresent([Double].self, forKey: .lossWeights)
        metrics = try container.decodeIfPresent(OneOrList.self, forKey: .metrics) ?? .one([])
        weightedMetrics = try container.decodeIfPresent(OneOrList.self, forKey: .weightedMetrics) ?? .one([])
    }

    /// Compiles a model by it.
    ///
    /// - Throws: a `SavingError` if the description is of a model with other outputs.
    package func compile(_ model: Model) throws(SavingError) {
        let count = model.outputShapes?.count ?? 1
        func metrics(_ metrics: OneOrList<[MetricEnvelope]>) -> [[Metric]] {
            switch metrics {
            case .one(let metrics):
                [metrics.map { $0.metric }] + [[Metric]](repeating: [], count: count - 1)
            case .list(let lists): lists.map { $0.map { $0.metric } }
            }
        }
        let losses =
            switch loss {
            case .one(let loss): [Loss](repeating: loss, count: count)
            case .list(let losses): losses
            }
        let (plain, weighted) = (metrics(self.metrics), metrics(weightedMetrics))
        guard losses.count == count, plain.count == count, weighted.count == count,
            lossWeights?.count ?? count == count
        else {
            throw SavingError(
                .architecture,
                "the compilation is of \(losses.count) outputs, but \(model.modelName) has \(count)")
        }
        if let fault = optimizer.optimizer.fault(ofParametersAt: model.namedParameters.map { $0.path }) {
            throw SavingError(.architecture, "the compilation's optimizer: \(fault)")
        }
        guard count > 1 else {
            let names = ["loss"] + (plain[0] + weighted[0]).map { $0.name }
            guard Set(names).count == names.count else {
                throw SavingError(.architecture, "the compilation names two metrics alike: \(names)")
            }
            return model.compile(
                optimizer: optimizer.optimizer, loss: losses[0], metrics: plain[0],
                weightedMetrics: weighted[0])
        }
        for (plain, weighted) in zip(plain, weighted) {
            let names = ["loss"] + (plain + weighted).map { $0.name }
            guard Set(names).count == names.count else {
                throw SavingError(.architecture, "the compilation names two metrics alike: \(names)")
            }
        }
        model.compile(
            optimizer: optimizer.optimizer, losses: losses, lossWeights: lossWeights ?? [], metrics: plain,
            weightedMetrics: weighted)
    }
}

/// A value by itself, or a list of such values.
enum OneOrList<Value: Codable>: Codable {
    case one(Value)
    case list([Value])

    init(from decoder: any Decoder) throws {
        // A value may be a list too: the deeper reading comes first, and of an empty list the plainer one.
        if let values = try? decoder.singleValueContainer().decode([Value].self), !values.isEmpty {
            self = .list(values)
        } else {
            self = .one(try decoder.singleValueContainer().decode(Value.self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .one(let value): try container.encode(value)
        case .list(let values): try container.encode(values)
        }
    }
}
