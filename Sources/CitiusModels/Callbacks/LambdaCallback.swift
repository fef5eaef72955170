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
    private let testBegin: (() -> Void)?
    private let testEnd: ((Scores) -> Void)?
    private let testBatchBegin: ((Int) -> Void)?
    private let testBatchEnd: ((Int, Scores) -> Void)?
    private let predictBegin: (() -> Void)?
    private let predictEnd: (() -> Void)?
    private let predictBatchBegin: ((Int) -> Void)?
    private let predictBatchEnd: ((Int) -> Void)?

    /// Each closure is what `Callback` has under its name.
    public init(
        onTrainBegin: (() -> Void)? = nil, onTrainEnd: ((Scores) -> Void)? = nil,
        onEpochBegin: ((Int) -> Void)? = nil, onEpochEnd: ((Int, Scores) -> Void)? = nil,
        onTrainBatchBegin: ((Int) -> Void)? = nil, onTrainBatchEnd: ((Int, Scores) -> Void)? = nil,
        onTestBegin: (() -> Void)? = nil, onTestEnd: ((Scores) -> Void)? = nil,
        onTestBatchBegin: ((Int) -> Void)? = nil, onTestBatchEnd: ((Int, Scores) -> Void)? = nil,
        onPredictBegin: (() -> Void)? = nil, onPredictEnd: (() -> Void)? = nil,
        onPredictBatchBegin: ((Int) -> Void)? = nil, onPredictBatchEnd: ((Int) -> Void)? = nil
    ) {
        trainBegin = onTrainBegin
        trainEnd = onTrainEnd
        epochBegin = onEpochBegin
        epochEnd = onEpochEnd
        trainBatchBegin = onTrainBatchBegin
        trainBatchEnd = onTrainBatchEnd
        testBegin = onTestBegin
        testEnd = onTestEnd
        testBatchBegin = onTestBatchBegin
        testBatchEnd = onTestBatchEnd
        predictBegin = onPredictBegin
        predictEnd = onPredictEnd
        predictBatchBegin = onPredictBatchBegin
        predictBatchEnd = onPredictBatchEnd
    }

    public override func onTrainBegin() { trainBegin?() }
    public override func onTrainEnd(logs: Scores) { trainEnd?(logs) }
    public override func onEpochBegin(_ epoch: Int) { epochBegin?(epoch) }
    public override func onEpochEnd(_ epoch: Int, logs: inout Scores) { epochEnd?(epoch, logs) }
    public override func onTrainBatchBegin(_ batch: Int) { trainBatchBegin?(batch) }
    public override func onTrainBatchEnd(_ batch: Int, logs: Scores) { trainBatchEnd?(batch, logs) }
    public override func onTestBegin() { testBegin?() }
    public override func onTestEnd(logs: Scores) { testEnd?(logs) }
    public override func onTestBatchBegin(_ batch: Int) { testBatchBegin?(batch) }
    public override func onTestBatchEnd(_ batch: Int, logs: Scores) { testBatchEnd?(batch, logs) }
    public override func onPredictBegin() { predictBegin?() }
    public override func onPredictEnd() { predictEnd?() }
    public override func onPredictBatchBegin(_ batch: Int) { predictBatchBegin?(batch) }
    public override func onPredictBatchEnd(_ batch: Int) { predictBatchEnd?(batch) }
}
