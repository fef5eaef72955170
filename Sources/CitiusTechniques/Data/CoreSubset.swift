import CitiusAutograd
import CitiusData
import CitiusLayers
import CitiusModels
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor

/// Trains on a part of the data that is chosen once, before the first step, by what the samples are worth.
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 10, techniques: [.coreSubset(0.5, by: .el2n())])
/// ```
///
/// A copy of the model, or a smaller one (`proxy`, Coleman et al. 2019, arXiv 1906.11829), is trained for a few epochs to
/// judge the samples. That counts in the time of the training.
public final class CoreSubset: Technique {
    /// What samples are chosen by.
    public enum Criterion: Sendable {
        /// The length of the error, ‖p − y‖, after a few epochs, as the mean over several copies (Paul et al. 2021, arXiv
        /// 2107.07075). The largest are kept.
        case el2n(epochs: Int = 1, copies: Int = 1)
        /// The length of the gradient of the loss at all weights, likewise (same source): exact, and a backward pass for
        /// each sample.
        case graNd(epochs: Int = 1, copies: Int = 1)
        /// How often a sample was forgotten, right and then wrong, from epoch to epoch (Toneva et al. 2018, arXiv
        /// 1812.05159). Never learned is most often.
        case forgetting(epochs: Int = 5)
        /// Samples that cover the others: each next one is the farthest from those that are chosen (Sener and Savarese
        /// 2017, arXiv 1708.00489), by the features before the last layer.
        case kCenter(epochs: Int = 1)
        /// Samples whose mean is that of their class (herding: Welling 2009, doi:10.1145/1553374.1553517), by the features
        /// before the last layer.
        case herding(epochs: Int = 1)
    }

    public let fraction: Double
    public let criterion: Criterion
    public let hardestLeftOut: Double
    public let stage = TechniqueStage.data
    private let proxy: (() -> Model)?
    /// The chosen samples, in their order in the data.
    public private(set) var chosen: [Int] = []

    /// - Parameters:
    ///   - fraction: of the samples that are kept; of each class as many.
    ///   - criterion: what they are chosen by.
    ///   - hardestLeftOut: of criteria that keep the hardest samples, the fraction of all samples that are left out as too
    ///     hard: wrong labels are among them.
    ///   - proxy: makes a smaller model to judge the samples, which need not be compiled; nil: copies of the model.
    ///
    /// Traps if a number is out of range. The training throws if the targets are no classes or the model cannot be copied.
    public init(
        _ fraction: Double, by criterion: Criterion = .el2n(), hardestLeftOut: Double = 0,
        proxy: (() -> Model)? = nil
    ) {
        require(
            fraction > 0 && fraction <= 1 && hardestLeftOut >= 0 && hardestLeftOut + fraction <= 1,
            "CoreSubset: fraction \(fraction) and hardestLeftOut \(hardestLeftOut), expected fractions of together at most 1"
        )
        self.fraction = fraction
        self.criterion = criterion
        self.hardestLeftOut = hardestLeftOut
        self.proxy = proxy
    }

    public func begin(_ training: Training) { chosen = [] }

    public func prepare(_ training: Training) throws {
        let byClass = try training.data.samplesByClass(for: "CoreSubset")
        switch criterion {
        case .el2n(let epochs, let copies):
            let scores = try meanScores(training, epochs, copies) { model in
                let probabilities = try model.predict(training.data, batchSize: 256)
                let targets = training.data.targets.probabilities(classes: probabilities.shape[-1])
                return (probabilities.cast(to: .float32) - targets).squared().sum(axes: [1]).sqrt()
            }
            choose(byClass, scores: scores)
        case .graNd(let epochs, let copies):
            let scores = try meanScores(training, epochs, copies) { Self.gradientLengths($0, training.data) }
            choose(byClass, scores: scores)
        case .forgetting(let epochs):
            choose(byClass, scores: try forgettingScores(training, epochs))
        case .kCenter(let epochs):
            let features = try Self.features(of: trained(training, epochs), training.data)
            chosen = byClass.flatMap { members in
                Self.farthestFirst(features, members, count: count(of: members))
            }.sorted()
        case .herding(let epochs):
            let features = try Self.features(of: trained(training, epochs), training.data)
            chosen = byClass.flatMap { members in Self.herded(features, members, count: count(of: members)) }
                .sorted()
        }
    }

    public func select(_ selection: inout SampleSelection, in training: Training) {
        let kept = Set(chosen)
        let places = selection.indices.indices.filter { kept.contains(selection.indices[$0]) }
        selection.keep(places)
    }

    public var state: [String: Tensor] { ["chosen": Tensor(chosen.map(Int64.init))] }

    public func restore(_ state: [String: Tensor], in training: Training) throws {
        chosen = try state.saved("chosen", .int64).elements(as: Int64.self).map { Int($0) }
        guard !chosen.isEmpty, chosen.allSatisfy({ 0..<training.data.count ~= $0 }) else {
            throw TechniqueError("the chosen samples in the backup are of other data")
        }
    }

    // MARK: Scores

    private func count(of members: [Int]) -> Int {
        max(1, Int((Double(members.count) * fraction).rounded()))
    }

    /// Keeps of each class the samples of the largest scores, but for the very largest.
    private func choose(_ byClass: [[Int]], scores: [Float]) {
        chosen = byClass.flatMap { members in
            let order = members.sorted { (scores[$0], $1) > (scores[$1], $0) }
            let skipped = min(
                Int((Double(members.count) * hardestLeftOut).rounded()), members.count - count(of: members))
            return Array(order[skipped..<skipped + count(of: members)])
        }.sorted()
    }

    /// A model that was trained for some epochs to judge the samples.
    private func trained(_ training: Training, _ epochs: Int) throws -> Model {
        let model = try judge(training)
        try model.fit(training.data, batchSize: training.batchSize, epochs: epochs, verbose: .silent)
        return model
    }

    private func judge(_ training: Training) throws -> Model {
        let seed = training.generator.next()
        let model: Model
        if let proxy {
            model = proxy()
            model.generator = RandomGenerator(seed: seed)
        } else {
            model = try training.model.clone(seed: seed)
        }
        model.compile(
            optimizer: Adam(), loss: training.model.loss ?? .sparseCategoricalCrossentropy)
        return model
    }

    private func meanScores(
        _ training: Training, _ epochs: Int, _ copies: Int, _ scores: (Model) throws -> Tensor
    ) throws -> [Float] {
        var sum = Tensor(zeros: [training.data.count])
        for _ in 0..<max(1, copies) { sum += try scores(trained(training, epochs)) }
        return sum.elements(as: Float.self)
    }

    private static func gradientLengths(_ model: Model, _ data: Dataset) -> Tensor {
        var lengths: [Float] = []
        lengths.reserveCapacity(data.count)
        for batch in data.batched(1) {
            let tape = Tape()
            // Without dropout: of what the model is, not of a random part of it.
            let context = Context(tape: tape, isTraining: false, acceleration: model.acceleration)
            let loss = model.computeLoss(
                model.outputs(of: model.modelInputs(batch), in: context), batch, in: context)
            let gradients = tape.gradients(of: loss)
            var sum = 0.0
            for parameter in model.parameters {
                if let gradient = gradients[parameter] { sum += gradient.squared().sum().scalar }
            }
            lengths.append(Float(sum.squareRoot()))
        }
        return Tensor(lengths)
    }

    private func forgettingScores(_ training: Training, _ epochs: Int) throws -> [Float] {
        guard let labels = training.data.classes else { return [] }
        let model = try judge(training)
        var wasRight = [Bool](repeating: false, count: labels.count)
        var everRight = wasRight
        var forgotten = [Float](repeating: 0, count: labels.count)
        for _ in 0..<max(1, epochs) {
            try model.fit(training.data, batchSize: training.batchSize, epochs: 1, verbose: .silent)
            let largest = try model.predict(training.data, batchSize: 256).argMax(axis: -1).elements(
                as: Int64.self)
            for (sample, label) in labels.enumerated() {
                let isRight = Int(largest[sample]) == label
                if wasRight[sample] && !isRight { forgotten[sample] += 1 }
                wasRight[sample] = isRight
                everRight[sample] = everRight[sample] || isRight
            }
        }
        for sample in labels.indices where !everRight[sample] { forgotten[sample] = Float(epochs + 1) }
        return forgotten
    }

    // MARK: Features

    /// What the last layer with weights reads, of each sample: float32 `[samples, features]`. Of a model without a graph,
    /// what it predicts.
    static func features(of model: Model, _ data: Dataset) throws -> Tensor {
        let features = try model.penultimate().predict(data, batchSize: 256)
        return features.reshaped(to: [data.count, features.count / max(1, data.count)]).cast(to: .float32)
    }

    /// Each next one is the farthest from all before.
    static func farthestFirst(_ features: Tensor, _ members: [Int], count: Int) -> [Int] {
        let own = features.taking(Tensor(members.map(Int64.init)))
        var distances = [Float](repeating: .infinity, count: members.count)
        // The one next to the middle comes first, so that nothing depends on chance.
        var next = Int(
            (own - own.mean(axes: [0], keepingAxes: true)).squared().sum(axes: [1]).argMin(axis: 0).element(
                as: Int64.self))
        var chosen: [Int] = []
        while true {
            chosen.append(members[next])
            if chosen.count == count { return chosen }
            let new = (own - own[next..<next + 1]).squared().sum(axes: [1]).elements(as: Float.self)
            // One that is chosen has a distance below any other's.
            distances[next] = -1
            var farthest = 0
            for index in distances.indices {
                distances[index] = min(distances[index], new[index])
                if distances[index] > distances[farthest] { farthest = index }
            }
            next = distances[farthest] >= 0 ? farthest : distances.indices.first { distances[$0] >= 0 } ?? 0
        }
    }

    /// Each next one brings the mean of the chosen closest to that of all.
    static func herded(_ features: Tensor, _ members: [Int], count: Int) -> [Int] {
        let own = features.taking(Tensor(members.map(Int64.init)))
        let mean = own.mean(axes: [0], keepingAxes: true)
        let lengths = own.squared().sum(axes: [1])
        var sum = Tensor(zeros: mean.shape)
        var isTaken = [Bool](repeating: false, count: members.count)
        var chosen: [Int] = []
        for number in 1...count {
            // ‖(sum + x)/n − mean‖² is least where ‖x‖² + 2 x · (sum − n · mean) is.
            let residual = (sum - mean * Double(number)).transposed()
            let costs = (lengths + own.matmul(residual).flattened() * 2).elements(as: Float.self)
            let best = costs.indices.filter { !isTaken[$0] }.min { (costs[$0], $0) < (costs[$1], $1) } ?? 0
            isTaken[best] = true
            sum += own[best..<best + 1]
            chosen.append(members[best])
        }
        return chosen
    }
}

extension Model {
    /// The model up to the last layer with weights, which shares all layers; the model itself if it has no graph.
    func penultimate() -> Model {
        guard let last = layers.lastIndex(where: { !$0.parameters.isEmpty }), last > 0,
            hasGraph
        else { return self }
        return Model(inputs: inputs, outputs: [output(ofLayer: layers[last - 1].name)])
    }
}

extension Technique where Self == CoreSubset {
    /// Trains on a part of the data that is chosen once; see `CoreSubset`.
    public static func coreSubset(
        _ fraction: Double, by criterion: CoreSubset.Criterion = .el2n(), hardestLeftOut: Double = 0,
        proxy: (() -> Model)? = nil
    ) -> CoreSubset { CoreSubset(fraction, by: criterion, hardestLeftOut: hardestLeftOut, proxy: proxy) }
}
