import CitiusAutograd
import CitiusData
import CitiusLayers
import CitiusModels
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor

/// What a trained model knows, put to another task: its first layers, the trunk, with a new head (Yosinski et al. 2014,
/// arXiv 1411.1792).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// let transfer = try Transfer(from: model, upTo: "flatten") {
///     Dense(5, activation: .softmax)
/// }
/// // The trunk computes each sample's features once; only the head is trained.
/// try transfer.trainHead(
///     on: train, optimizer: .adam, loss: .sparseCategoricalCrossentropy, metrics: [.accuracy], epochs: 20)
/// // Then the whole, the trunk's first layers slowest.
/// transfer.unfreeze(optimizer: Adam(learningRate: 1e-4), rateDecay: 0.5)
/// try transfer.model.fit(train, epochs: 3)
/// ```
public final class Transfer {
    /// The trunk and the head: the model to predict with, and to tune.
    public let model: Model
    /// The trunk alone, frozen until `unfreeze`.
    public let trunk: Model
    /// The head alone, which takes what the trunk gives. Shares its layers with `model`.
    public let head: Model

    private var loss: Loss?
    private var metrics: [Metric] = []

    /// Copies a model up to a layer, freezes the copy, and puts a new head on it. The model stays as it is.
    ///
    /// - Parameters:
    ///   - model: a trained model of one input, with a graph.
    ///   - name: the last layer that is taken over; nil: the last one before the last layer with weights.
    ///   - seed: of the head's weights, and of the shuffles and the dropout of its training.
    ///   - head: the new layers.
    /// - Throws: a `SavingError` if a layer of the model does not describe itself.
    ///
    /// Traps if there is no such layer, or the head has no layers.
    public init(
        from model: Model, upTo name: String? = nil, seed: UInt64? = nil, @LayerBuilder head: () -> [Layer]
    ) throws(SavingError) {
        let copy = try model.clone(copyingWeights: true)
        trunk =
            name.map { Model(inputs: copy.inputs, outputs: [copy.output(ofLayer: $0)]) } ?? copy.penultimate()
        trunk.isTrainable = false
        let layers = head()
        require(!layers.isEmpty, "Transfer: the head has no layers")
        func chained(_ value: SymbolicTensor) -> SymbolicTensor {
            var value = value
            for layer in layers { value = layer(value) }
            return value
        }
        self.model = Model(inputs: trunk.inputs, outputs: [chained(trunk.outputs[0])], seed: seed)
        // The layers are built, and are called once more.
        let features = Input(shape: trunk.outputs[0].shape)
        self.head = Model(inputs: features, outputs: chained(features.symbol), seed: seed)
    }

    /// What the trunk makes of samples, once and for all: a data set of features with the same targets.
    ///
    /// - Throws: a `TrainingError` if the samples do not fit.
    public func features(of data: Dataset) throws(TrainingError) -> Dataset {
        Dataset(
            inputs: try trunk.predict(data, batchSize: 256), targets: data.targets,
            sampleWeights: data.sampleWeights, metadata: data.metadata)
    }

    /// Trains the head on features that the trunk computes once.
    ///
    /// Dropout and normalization of the trunk are as in inference, as they are in a frozen trunk that is passed each time.
    ///
    /// - Throws: a `TrainingError` if the data does not fit.
    @discardableResult
    public func trainHead(
        on data: Dataset, optimizer: Optimizer, loss: Loss, metrics: [Metric] = [], batchSize: Int = 32,
        epochs: Int = 1, validationData: Dataset? = nil, verbose: Verbosity = .automatic,
        callbacks: [Callback] = [], techniques: [any Technique] = []
    ) throws(TrainingError) -> History {
        (self.loss, self.metrics) = (loss, metrics)
        head.compile(optimizer: optimizer, loss: loss, metrics: metrics)
        // The whole can be evaluated; its optimizer is not used before `unfreeze` gives one.
        model.compile(optimizer: SGD(learningRate: 0), loss: loss, metrics: metrics)
        var validation: Dataset?
        if let validationData { validation = try features(of: validationData) }
        return try head.fit(
            features(of: data), batchSize: batchSize, epochs: epochs, verbose: verbose, callbacks: callbacks,
            validationData: validation, techniques: techniques)
    }

    /// Has the whole model be trained, the layers further from the head slower: the learning rate of each layer of the trunk
    /// with weights is that of the next one times a factor (discriminative fine-tuning: Howard and Ruder 2018, arXiv
    /// 1801.06146).
    ///
    /// - Parameters:
    ///   - optimizer: with a small learning rate, that of the head.
    ///   - rateDecay: the factor; 1 for one rate.
    ///
    /// Traps if the head was not trained before, or the factor is not in 0<...1.
    public func unfreeze(optimizer: Optimizer, rateDecay: Double = 0.5) {
        require(
            rateDecay > 0 && rateDecay <= 1,
            "unfreeze: rateDecay is \(rateDecay), expected above 0 and up to 1")
        guard let loss else {
            fail("unfreeze: train the head first, or its random weights spoil the trunk's")
        }
        trunk.isTrainable = true
        model.compile(optimizer: optimizer, loss: loss, metrics: metrics)
        var multiplier = 1.0
        for layer in trunk.layers.reversed() where !layer.parameters.isEmpty {
            multiplier *= rateDecay
            optimizer.setLearningRateMultiplier(multiplier, for: layer.parameters)
        }
    }
}
