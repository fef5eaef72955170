/// A callback made of closures, for what is too small for a class.
///
/// ```swift
/// LambdaCallback(onEpochEnd: { epoch, logs in print(epoch, logs.loss) })
/// ```
public final class LambdaCallback: Callback {
    private let trainBegin: (() -> Void)?
    private let trainEnd: ((Scores) -> Void)?
    private let epochBegin: ((Int) -> Void)?
    private let epochEnd: ((Int, Scores) -> Void)?
    private let trainBatchBegin: ((Int) -> Void)?
    private let trainBatchEnd: ((Int, Scores) -> Void)?

    public init(
        onTrainBegin: (() -> Void)? = nil, onTrainEnd: ((Scores) -> Void)? = nil,
        onEpochBegin: ((Int) -> Void)? = nil, onEpochEnd: ((Int, Scores) -> Void)? = nil,
        onTrainBatchBegin: ((Int) -> Void)? = nil, onTrainBatchEnd: ((Int, Scores) -> Void)? = nil
    ) {
        trainBegin = onTrainBegin
        trainEnd = onTrainEnd
        epochBegin = onEpochBegin
        epochEnd = onEpochEnd
        trainBatchBegin = onTrainBatchBegin
        trainBatchEnd = onTrainBatchEnd
    }

    public override func onTrainBegin() { trainBegin?() }
    public override func onTrainEnd(logs: Scores) { trainEnd?(logs) }
    public override func onEpochBegin(_ epoch: Int) { epochBegin?(epoch) }
    public override func onEpochEnd(_ epoch: Int, logs: inout Scores) { epochEnd?(epoch, logs) }
    public override func onTrainBatchBegin(_ batch: Int) { trainBatchBegin?(batch) }
    public override func onTrainBatchEnd(_ batch: Int, logs: Scores) { trainBatchEnd?(batch, logs) }
}
