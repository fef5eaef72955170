/// What a training did: the loss and the metrics of each epoch.
///
/// ```swift
/// let history = try model.fit(train, epochs: 10, validationSplit: 0.1)
/// print(history["val_accuracy"])
/// ```
public final class History: Callback {
    /// The epochs that were trained, from 0.
    public private(set) var epochs: [Int] = []
    /// The logs of each of them.
    public private(set) var logs: [Scores] = []

    /// The epoch that was broken off before its last batch, as by Ctrl-C; nil if all that are listed are whole.
    public internal(set) var brokenOffEpoch: Int?

    /// How many epochs were trained to their end.
    public var completeEpochs: Int { epochs.count - (brokenOffEpoch == nil ? 0 : 1) }

    /// The names of everything recorded: `accuracy`, `loss`, `val_accuracy`, …
    public var names: [String] {
        var names: [String] = []
        for name in logs.lazy.flatMap({ $0.names }) where !names.contains(name) { names.append(name) }
        return names
    }

    /// The values of that name, epoch by epoch; empty if there are none. Shorter than `epochs` for the
    /// validation's scores, if not every epoch was validated.
    public subscript(name: String) -> [Double] { logs.compactMap { $0.value(of: name) } }

    public override func onTrainBegin() { (epochs, logs, brokenOffEpoch) = ([], [], nil) }

    public override func onEpochEnd(_ epoch: Int, logs: inout Scores) {
        epochs.append(epoch)
        self.logs.append(logs)
    }
}
