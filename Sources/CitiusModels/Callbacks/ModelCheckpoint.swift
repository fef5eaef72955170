import CitiusPlatform
import CitiusTensor

/// Saves the model as it trains: after each epoch or every so many steps, always or when a metric is better than ever.
///
/// ```swift
/// ModelCheckpoint("best.safetensors", monitor: "val_accuracy", saveBestOnly: true)
/// ModelCheckpoint("epoch-{epoch:02d}-{val_loss:.3f}.safetensors")
/// ```
///
/// In the path, `{epoch}` (counted from 1), `{batch}` and the names of metrics stand for their values, with a format of
/// C's `printf` behind a colon. Follows `keras.callbacks.ModelCheckpoint`.
///
/// A file that cannot be written ends the training with an error that `fit` throws; so does a model that cannot be saved
/// whole, at the training's begin.
public final class ModelCheckpoint: Callback, ResumableCallback {
    /// What it has gathered since the training began.
    public struct State: Codable, Sendable, Equatable {
        fileprivate(set) var best: Double?
    }

    private let path: String
    private var monitor: MetricMonitor
    private let saveBestOnly: Bool
    private let saveWeightsOnly: Bool
    private let saveFrequency: SaveFrequency
    private let initialValueThreshold: Double?
    private let isVerbose: Bool

    public private(set) var state = State()

    /// The best value that was saved; nil before any.
    public var best: Double? { state.best }

    /// - Parameters:
    ///   - path: the file, whose name may hold values; see above.
    ///   - monitor: the metric that says which is best.
    ///   - verbose: whether a line says what was saved.
    ///   - saveBestOnly: whether to save only when the metric is better than at any time before.
    ///   - saveWeightsOnly: whether to save the weights alone.
    ///   - mode: which way the metric improves.
    ///   - saveFrequency: after each epoch, or after every so many steps.
    ///   - initialValueThreshold: a value that the first one must be better than.
    ///
    /// Traps if the steps are not positive, or the path has a format that is none.
    public init(
        _ path: String, monitor: String = "val_loss", verbose: Bool = false, saveBestOnly: Bool = false,
        saveWeightsOnly: Bool = false, mode: MonitorMode = .automatic, saveFrequency: SaveFrequency = .epoch,
        initialValueThreshold: Double? = nil
    ) {
        saveFrequency.check("ModelCheckpoint")
        self.path = path
        self.monitor = MetricMonitor(monitor, mode: mode, owner: "ModelCheckpoint")
        isVerbose = verbose
        self.saveBestOnly = saveBestOnly
        self.saveWeightsOnly = saveWeightsOnly
        self.saveFrequency = saveFrequency
        self.initialValueThreshold = initialValueThreshold
        _ = PathTemplate(path).filled { _ in 0 }
    }

    public override func onTrainBegin() {
        state.best = initialValueThreshold
        if saveBestOnly { monitor.begin(for: model) }
        // Better said now than after the first epoch.
        guard !saveWeightsOnly else { return }
        do throws(SavingError) {
            _ = try model.architecture()
        } catch {
            stop(with: error)
        }
    }

    public override func onTrainBatchEnd(_ batch: Int, logs: Scores) {
        guard saveFrequency.isDue(afterStep: batch + 1), let position = model.trainingPosition else { return }
        save(epoch: position.epoch, batch: batch, logs)
    }

    public override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
        if saveFrequency == .epoch { save(epoch: epoch, batch: nil, logs) }
    }

    public func restore(_ state: State, tensors: [Tensor]) { self.state = state }

    private func save(epoch: Int, batch: Int?, _ logs: Scores) {
        if saveBestOnly {
            guard let value = monitor.value(in: logs, of: model), monitor.isImprovement(value, on: best)
            else { return }
            state.best = value
        }
        let file = PathTemplate(path).filled { name in
            switch name {
            case "epoch": Double(epoch + 1)
            case "batch": batch.map { Double($0 + 1) }
            default: logs.value(of: name)
            }
        }
        do throws(SavingError) {
            if saveWeightsOnly { try model.saveWeights(to: file) } else { try model.save(to: file) }
            if isVerbose { Console.write("Epoch \(epoch + 1): saved to \(file)\n") }
        } catch {
            stop(with: error)
        }
    }
}

/// A path with places for values, `{epoch:02d}` or `{val_loss:.3f}`, as in Python.
struct PathTemplate {
    private let template: String

    init(_ template: String) { self.template = template }

    /// The path with its values; a place whose value there is none of stays as it is. Traps if a format is none.
    func filled(_ value: (String) -> Double?) -> String {
        var result = ""
        var rest = Substring(template)
        while let open = rest.firstIndex(of: "{"), let close = rest[open...].firstIndex(of: "}") {
            result += rest[..<open]
            let place = rest[rest.index(after: open)..<close]
            let parts = place.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            if let number = value(String(parts[0])) {
                result += formatted(number, parts.count > 1 ? String(parts[1]) : nil)
            } else {
                result += rest[open...close]
            }
            rest = rest[rest.index(after: close)...]
        }
        return result + rest
    }

    private func formatted(_ number: Double, _ format: String?) -> String {
        guard let format else { return number == number.rounded() ? "\(Int(number))" : "\(number)" }
        let kinds: [Character] = ["d", "f", "e", "g"]
        guard let kind = format.last, kinds.contains(kind),
            format.dropLast().allSatisfy({ $0.isASCII && $0.isNumber || $0 == "." }), format.count <= 8
        else {
            fail(
                "ModelCheckpoint: the path has the format \"\(format)\", expected one of C's printf such as 02d or .3f"
            )
        }
        return kind == "d"
            ? Formatting.string("%" + format.dropLast() + "ld", Int(number.rounded()))
            : Formatting.string("%" + format, number)
    }
}
