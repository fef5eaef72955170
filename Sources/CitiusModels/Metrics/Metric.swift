import CitiusPlatform
import CitiusTensor

/// A number that tells how good predictions are, gathered over the batches of an epoch.
///
/// Metrics of the library are static members (`.accuracy`) and classes; one of your own inherits from this
/// class, or from `Mean` if it is a mean of one number per sample.
open class Metric {
    /// Which way a metric improves.
    public enum Goal: Sendable, Equatable { case highest, lowest }

    /// What logs, history and scores call the metric.
    public let name: String

    /// Which way it improves; callbacks that watch a metric go by it. Nil: they must be told.
    public let goal: Goal?

    public init(name: String, goal: Goal? = nil) {
        self.name = name
        self.goal = goal
    }

    /// Takes in a batch.
    ///
    /// - Parameters:
    ///   - predictions: the model's output, `[batch, …]`.
    ///   - targets: `[batch]` or `[batch, …]`.
    ///   - weights: one for each sample, `[batch]`, or for each step of each, `[batch, steps]`; nil: all one. What a mask
    ///     leaves out weighs 0.
    open func update(predictions: Tensor, targets: Tensor, weights: Tensor? = nil) {
        fail("\(name): update(predictions:targets:weights:) is not overridden")
    }

    /// The value over everything taken in since the last reset.
    open var result: Double { fail("\(name): result is not overridden") }

    /// All values of a metric that has several, one for each class or threshold for instance; `result`, which logs show,
    /// is then their mean. By default the result alone.
    open var results: [Double] { [result] }

    /// Everything taken in since the last reset, for saving in the middle of an epoch: set, it makes the metric what it
    /// was. Where there is none, or one of another metric, it is as after a reset.
    ///
    /// A metric that keeps numbers of its own overrides it.
    open var state: [Tensor] {
        get { [] }
        set {}
    }

    /// Forgets everything taken in.
    open func reset() { fail("\(name): reset() is not overridden") }
}
