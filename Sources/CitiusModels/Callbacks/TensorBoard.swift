import CitiusData
import CitiusFormats
import CitiusLayers
import CitiusPlatform
import CitiusTensor

/// Writes what a training does for TensorBoard, which shows it in a browser while it goes on: `tensorboard --logdir logs`.
///
/// ```swift
/// let board = TensorBoard("logs/run-1", histogramFrequency: 1, hyperparameters: ["units": 64, "rate": 0.001])
/// try model.fit(train, epochs: 10, callbacks: [board], validationData: test)
/// ```
///
/// - Scalars: `epoch_loss`, `epoch_learning_rate` and the like for each epoch, of the training in the folder `train`, of
///   the validation in `validation`; `batch_loss` and the like for batches by choice;
///   `evaluation_loss_vs_iterations` for each evaluation.
/// - Histograms, and images by choice, of the weights.
/// - The model's layers, for the tab of graphs.
/// - Hyperparameters of the run, which the tab of that name compares with those of other folders.
///
/// Follows `keras.callbacks.TensorBoard` but for the graph of operations, profiles and embeddings, and the
/// hyperparameters are those of `tensorboard.plugins.hparams`. In a training that goes on from a `BackupAndRestore`, the
/// steps go on; TensorBoard drops what a killed run wrote behind the backup.
///
/// A file that cannot be written ends the training with an error that `fit` throws.
public final class TensorBoard: Callback, ResumableCallback {
    /// How often scalars of batches are written.
    public enum UpdateFrequency: Sendable, Equatable {
        /// Never: those of epochs are.
        case epoch
        case batch
        /// Every so many batches.
        case batches(Int)
    }

    /// What it has gathered since the training began.
    public struct State: Codable, Sendable, Equatable {
        /// The batches that were trained, over all epochs.
        public fileprivate(set) var trainBatches = 0
    }

    private let logDirectory: String
    private let histogramFrequency: Int
    private let writeGraph: Bool
    private let writeImages: Bool
    private let writeStepsPerSecond: Bool
    private let updateFrequency: UpdateFrequency
    private let hyperparameters: [String: Hyperparameter]

    public private(set) var state = State()
    private var writers: [String: EventWriter] = [:]
    private var hasFailed = false
    private var batchStart = 0
    private var epochStart = (time: 0, iterations: 0)

    /// - Parameters:
    ///   - logDirectory: the folder of this run; made if it is not there.
    ///   - histogramFrequency: after every so many epochs histograms of the weights are written; 0 for never.
    ///   - writeGraph: whether the model's layers are written.
    ///   - writeImages: whether weights are written as images too, with the histograms.
    ///   - writeStepsPerSecond: whether batches and epochs tell how many steps a second took.
    ///   - updateFrequency: how often scalars of batches are written.
    ///   - hyperparameters: names and values that tell this run from others.
    ///
    /// Traps if a frequency is negative, or one of batches is 0.
    public init(
        _ logDirectory: String = "logs", histogramFrequency: Int = 0, writeGraph: Bool = true,
        writeImages: Bool = false, writeStepsPerSecond: Bool = false,
        updateFrequency: UpdateFrequency = .epoch,
        hyperparameters: [String: Hyperparameter] = [:]
    ) {
        require(
            histogramFrequency >= 0,
            "TensorBoard: histogramFrequency is \(histogramFrequency), expected 0 or more")
        if case .batches(let count) = updateFrequency {
            require(count >= 1, "TensorBoard: updateFrequency is \(count) batches, expected at least 1")
        }
        self.logDirectory = logDirectory
        self.histogramFrequency = histogramFrequency
        self.writeGraph = writeGraph
        self.writeImages = writeImages
        self.writeStepsPerSecond = writeStepsPerSecond
        self.updateFrequency = updateFrequency
        self.hyperparameters = hyperparameters
    }

    // MARK: Hooks

    public override func onTrainBegin() {
        state = State()
        writers = [:]
        hasFailed = false
        if writeGraph, let architecture = try? model.architecture() {
            write(to: "train", step: 0) { $0.add(graph: architecture.text()) }
        }
        if !hyperparameters.isEmpty {
            write(to: "", step: 0) { $0.add(hyperparameters: hyperparameters, group: logDirectory) }
        }
    }

    public override func onTrainEnd(logs: Scores) {
        if !hyperparameters.isEmpty { write(to: "", step: 0) { $0.addEndOfHyperparameters() } }
        writers = [:]
    }

    public override func onEpochBegin(_ epoch: Int) {
        epochStart = (nanoseconds(), model.optimizer?.iterations ?? 0)
    }

    public override func onTrainBatchBegin(_ batch: Int) {
        state.trainBatches += 1
        batchStart = nanoseconds()
    }

    public override func onTrainBatchEnd(_ batch: Int, logs: Scores) {
        guard isDue else { return }
        write(to: "train", step: state.trainBatches) { summary in
            if writeStepsPerSecond {
                summary.add(
                    scalar: "batch_steps_per_second", 1e9 / Double(max(1, nanoseconds() - batchStart)))
            }
            for (name, value) in logs.entries { summary.add(scalar: "batch_" + name, value) }
        }
    }

    private var isDue: Bool {
        switch updateFrequency {
        case .epoch: false
        case .batch: true
        case .batches(let count): state.trainBatches % count == 0
        }
    }

    public override func onTestEnd(logs: Scores) {
        guard let optimizer = model.optimizer else { return }
        write(to: "validation", step: optimizer.iterations) { summary in
            for (name, value) in logs.entries {
                summary.add(scalar: "evaluation_\(name)_vs_iterations", value)
            }
        }
        // An evaluation by itself is at its end.
        if plan.kind != .training { writers = [:] }
    }

    public override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
        let entries = logs.entries
        write(to: "train", step: epoch) { summary in
            for (name, value) in entries where !name.hasPrefix("val_") {
                summary.add(scalar: "epoch_" + name, value)
            }
            if let optimizer = model.optimizer, !optimizer.isComposed,
                !entries.contains(where: { $0.name == "learning_rate" })
            {
                summary.add(scalar: "epoch_learning_rate", optimizer.learningRate)
            }
            if writeStepsPerSecond, let optimizer = model.optimizer {
                let seconds = Double(max(1, nanoseconds() - epochStart.time)) * 1e-9
                summary.add(
                    scalar: "epoch_steps_per_second",
                    Double(optimizer.iterations - epochStart.iterations) / seconds)
            }
        }
        if entries.contains(where: { $0.name.hasPrefix("val_") }) {
            write(to: "validation", step: epoch) { summary in
                for (name, value) in entries where name.hasPrefix("val_") {
                    summary.add(scalar: "epoch_" + name.dropFirst(4), value)
                }
            }
        }
        if histogramFrequency > 0 && epoch % histogramFrequency == 0 { writeWeights(epoch) }
    }

    public func restore(_ state: State, tensors: [Tensor]) { self.state = state }

    // MARK: Writing

    private func writeWeights(_ epoch: Int) {
        write(to: "train", step: epoch) { summary in
            for (path, parameter) in model.namedParameters {
                summary.add(histogram: path + "/histogram", parameter.value)
                if writeImages, let images = Self.images(of: parameter.value) {
                    summary.add(images: path + "/image", images)
                }
            }
        }
    }

    /// A weight as images `[count, height, width, channels]`, as Keras shows it: a bias as a column, a kernel of a dense
    /// layer lying on its longer side, other kernels of three axes by their last one; nil for all others.
    private static func images(of weight: Tensor) -> Tensor? {
        let squeezed = weight.viewed(as: Shape(weight.shape.sizes.filter { $0 != 1 }))
        let sizes = squeezed.shape.sizes
        guard weight.count > 0 else { return nil }
        switch sizes.count {
        case 1: return squeezed.reshaped([1, sizes[0], 1, 1])
        case 2:
            let lying = sizes[0] > sizes[1] ? squeezed.transposed() : squeezed
            return lying.reshaped([1, lying.shape[0], lying.shape[1], 1])
        case 3: return squeezed.permuted([2, 0, 1]).reshaped([sizes[2], sizes[0], sizes[1], 1])
        case 4: return [1, 3, 4].contains(sizes[3]) ? squeezed : nil
        default: return nil
        }
    }

    /// Writes an event of values that `body` adds, to the run's folder or one within it.
    private func write(to folder: String, step: Int, _ body: (inout EventSummary) -> Void) {
        guard !hasFailed else { return }
        var summary = EventSummary()
        body(&summary)
        guard !summary.isEmpty else { return }
        do throws(WritingFailure) {
            let writer: EventWriter
            if let known = writers[folder] {
                writer = known
            } else {
                writer = try EventWriter(folder: folder.isEmpty ? logDirectory : logDirectory + "/" + folder)
            }
            writers[folder] = writer
            try writer.write(summary, step: step)
        } catch {
            hasFailed = true
            stop(with: error)
        }
    }
}

/// The value of a hyperparameter: a number, a text or a truth.
public enum Hyperparameter: Sendable, Equatable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByStringLiteral, ExpressibleByBooleanLiteral
{
    case number(Double)
    case text(String)
    case truth(Bool)

    public init(floatLiteral value: Double) { self = .number(value) }
    public init(integerLiteral value: Int) { self = .number(Double(value)) }
    public init(stringLiteral value: String) { self = .text(value) }
    public init(booleanLiteral value: Bool) { self = .truth(value) }
}
