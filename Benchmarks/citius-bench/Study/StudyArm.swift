import Citius
import CitiusTechniques

/// One way of training in the study: what it changes of the plain program.
struct StudyArm: Sendable {
    let name: String
    /// The line of Swift that turns it on.
    let swift: String
    /// Where it comes from, and what is claimed there.
    let source: String
    /// What `Technique`s it adds, made anew for each training.
    var techniques: @Sendable () -> [any Technique] = { [] }
    /// Whether one of them schedules the learning rate. All others decay it along a cosine to nothing.
    var schedulesRate = false
    /// Of a learning rate; nil: Adam.
    var optimizer: (@Sendable (Double) -> Optimizer)?
    /// The learning rate that trials multiply.
    var learningRate: Double?
    /// What it changes of the network.
    var network: (@Sendable (inout Network) -> Void)?
    var acceleration: Acceleration?
    var batchSize: Int?
    /// What the epochs are multiplied by, where an epoch is only a part of the data.
    var epochs = 1
    var isQuick = false

    /// The document's network, and what arms make of it.
    struct Network: Sendable {
        var width = 1.0
        var normalizes = false
        var hasSecondConvolution = true
        var poolsGlobally = false

        func make(seed: UInt64) -> Model {
            func filters(_ count: Int) -> Int { max(4, Int(Double(count) * width)) }
            return Sequential(seed: seed) {
                Input(28, 28, 1)
                Conv2D(filters(32), kernelSize: 3, useBias: !normalizes)
                if normalizes { BatchNormalization() }
                Activation(.relu)
                MaxPooling2D(2)
                if hasSecondConvolution {
                    Conv2D(filters(64), kernelSize: 3, useBias: !normalizes)
                    if normalizes { BatchNormalization() }
                    Activation(.relu)
                    MaxPooling2D(2)
                }
                if poolsGlobally {
                    GlobalAveragePooling2D()
                } else {
                    Flatten()
                    Dense(filters(64), activation: .relu)
                    Dropout(0.25)
                }
                Dense(10, activation: .softmax)
            }
        }
    }

    static let baseline = StudyArm(
        name: "baseline", swift: "model.fit(train, techniques: [.cosineDecay()])",
        source: "the document's program with Adam and a learning rate that decays to nothing", isQuick: true)

    private static func technique(
        _ name: String, _ swift: String, _ source: String, isQuick: Bool = false, schedulesRate: Bool = false,
        epochs: Int = 1, _ make: @escaping @Sendable () -> any Technique
    ) -> StudyArm {
        StudyArm(
            name: name, swift: swift, source: source, techniques: { [make()] }, schedulesRate: schedulesRate,
            epochs: epochs, isQuick: isQuick)
    }

    private static func network(
        _ name: String, _ swift: String, _ source: String, isQuick: Bool = false,
        _ change: @escaping @Sendable (inout Network) -> Void
    ) -> StudyArm {
        StudyArm(name: name, swift: swift, source: source, network: change, isQuick: isQuick)
    }

    /// All but the baseline.
    static let all: [StudyArm] = [
        // Fewer data
        technique(
            "random-subsets", ".randomSubsets(0.3)",
            "RS2, arXiv 2305.18424: about as good as all data at a part of the cost", isQuick: true, epochs: 2
        ) { RandomSubsets(0.3) },
        technique(
            "balanced-classes", ".balancedClasses(0.3)", "RS2 with as many samples of each class", epochs: 2
        ) { BalancedClasses(0.3) },
        technique(
            "el2n", ".coreSubset(0.5, by: .el2n())",
            "arXiv 2107.07075: half of CIFAR-10 without loss, the scoring not counted"
        ) { CoreSubset(0.5, by: .el2n()) },
        technique(
            "info-batch", ".infoBatch()", "arXiv 2303.04947: 20 to 40 % less time, without loss",
            isQuick: true
        ) { InfoBatch() },
        technique(
            "selective-backprop", ".selectiveBackprop()",
            "arXiv 1910.00762: up to 3.5 times faster to a target error", isQuick: true
        ) { SelectiveBackprop() },
        technique(
            "growing-data", ".growingData(from: 0.1)", "progressive sampling, doi:10.1145/312129.312188",
            isQuick: true, epochs: 2
        ) { GrowingData(from: 0.1) },
        // More efficient algorithms
        StudyArm(
            name: "general-kernels", swift: "model.acceleration = .none",
            source: "layer by layer, im2col and the BLAS", acceleration: Acceleration.none),
        StudyArm(
            name: "layer-by-layer", swift: "model.acceleration.fusesLayers = false",
            source: "the library's kernels, without fusion", acceleration: Acceleration(fusesLayers: false)),
        technique(
            "batch-128", ".batchSize(128)", "arXiv 2205.10287: √k times the learning rate for Adam",
            isQuick: true
        ) { BatchSize(128) },
        // Fewer layers
        network("half-width", "Conv2D(16, …), Conv2D(32, …), Dense(32)", "half of all widths", isQuick: true)
        {
            $0.width = 0.5
        },
        network("one-convolution", "one Conv2D", "without the second convolution") {
            $0.hasSecondConvolution = false
        },
        network("global-pooling", "GlobalAveragePooling2D()", "arXiv 1312.4400: in place of the dense layer")
        {
            $0.poolsGlobally = true
        },
        // Batch normalization
        network(
            "batch-normalization", "BatchNormalization()",
            "arXiv 1502.03167: 14 times fewer steps, on Inception", isQuick: true
        ) { $0.normalizes = true },
        // More advanced optimizers
        technique(
            "one-cycle", ".oneCycle()", "arXiv 1708.07120: an order of magnitude on CIFAR-10", isQuick: true,
            schedulesRate: true
        ) { OneCyclePolicy() },
        StudyArm(
            name: "sgd-momentum", swift: "SGD(learningRate: 0.05, momentum: 0.9, nesterov: true)",
            source: "plain descent",
            optimizer: { SGD(learningRate: $0, momentum: 0.9, nesterov: true) }, learningRate: 0.05),
        StudyArm(
            name: "muon", swift: "Muon(0.01)", source: "Jordan 2024: fewer steps than AdamW",
            optimizer: { Muon($0) }, learningRate: 0.01),
        technique(
            "ema", ".ema(0.99)", "Polyak and Juditsky 1992: the result of a decayed rate, sooner",
            isQuick: true
        ) { ExponentialMovingAverage(0.99, every: 4) },
        technique("lawa", ".lawa(of: 6, every: 100)", "arXiv 2209.14981: 1.2 to 1.4 times fewer epochs") {
            LatestWeightAveraging(of: 6, every: 100)
        },
        technique(
            "swa", ".swa()", "arXiv 1803.05407: better accuracy, no promise of time"
        ) { StochasticWeightAveraging() },
        technique(
            "label-smoothing", ".labelSmoothing(0.1)", "arXiv 1512.00567: better accuracy, no promise of time"
        ) { LabelSmoothing(0.1) },
        technique("mix-up", ".mixUp(0.2)", "arXiv 1710.09412: better accuracy in longer trainings") {
            BatchMixUp(0.2, during: 0..<0.8)
        },
        technique("cutout", ".cutout(8)", "arXiv 1708.04552: better accuracy in longer trainings") {
            BatchCutout(8, during: 0..<0.8)
        },
    ]

    /// Both at once; nil if they change the same thing.
    static func combined(_ arms: [StudyArm]) -> StudyArm? {
        var combined = StudyArm(
            name: arms.map(\.name).joined(separator: " + "), swift: arms.map(\.swift).joined(separator: ", "),
            source: "")
        for arm in arms {
            if arm.optimizer != nil && combined.optimizer != nil { return nil }
            if arm.acceleration != nil && combined.acceleration != nil { return nil }
            let (own, others) = (arm.techniques, combined.techniques)
            combined.techniques = { others() + own() }
            combined.schedulesRate = combined.schedulesRate || arm.schedulesRate
            combined.optimizer = arm.optimizer ?? combined.optimizer
            combined.learningRate = arm.learningRate ?? combined.learningRate
            combined.acceleration = arm.acceleration ?? combined.acceleration
            combined.epochs = max(combined.epochs, arm.epochs)
            if let own = arm.network {
                let others = combined.network
                combined.network = {
                    others?(&$0)
                    own(&$0)
                }
            }
        }
        return Model.conflict(among: combined.techniques()) == nil ? combined : nil
    }

    /// How the arm trains with a setting of a trial.
    func recipe(_ setting: StudySetting, batchSize: Int) -> Recipe {
        let rate = (learningRate ?? 0.001) * setting.rateFactor
        return Recipe(
            batchSize: batchSize, epochs: max(1, setting.epochs * epochs),
            techniques: { techniques() + (schedulesRate ? [] : [.cosineDecay()]) }
        ) { seed in
            var network = Network()
            self.network?(&network)
            let model = network.make(seed: seed)
            if let acceleration { model.acceleration = acceleration }
            model.compile(
                optimizer: optimizer?(rate) ?? Adam(learningRate: rate), loss: .sparseCategoricalCrossentropy,
                metrics: [.accuracy])
            return model
        }
    }
}

/// What a trial tunes, the same for all arms: the factor of the arm's learning rate, and the length of the training, at
/// whose end it is decayed.
struct StudySetting: Codable, Sendable, Equatable {
    let rateFactor: Double
    let epochs: Int

    /// The settings of so many trials, from the most to the least likely.
    static func trials(_ count: Int, quick: Bool) -> [StudySetting] {
        let epochs = quick ? [3, 2, 4] : [4, 6, 3, 8]
        let rates = [1.0, 2, 0.5, 4]
        // Along the diagonals, so that few trials already vary both.
        let all = (0..<rates.count * epochs.count).map { index in
            let (round, place) = (index / epochs.count, index % epochs.count)
            return StudySetting(rateFactor: rates[(round + place) % rates.count], epochs: epochs[place])
        }
        return Array(all.prefix(count))
    }

    var description: String { "rate ×\(rateFactor), \(epochs) epochs" }
}
