import CitiusAutograd
import CitiusTensor

/// What an optimizer keeps for one parameter, for as long as the parameter lives.
final class ParameterState {
    /// Weak, so that the state of a model that is gone goes too.
    private weak var lifetime: Parameter.Lifetime?
    var parameter: Parameter? { lifetime?.parameter }
    var learningRateMultiplier = 1.0
    var isExcludedFromWeightDecay = false
    /// The optimizer's own tensors; nil until the first step.
    var slots: Slots?
    /// The running average of the value, if there is one.
    var average: Tensor?
    /// The sum of the gradients since the last change of the weights, if they are accumulated.
    var accumulated: Tensor?
    /// The steps that rows of a table have put off, if it was trained by rows. The parameter holds it, since it
    /// may outlive the optimizer.
    weak var rowDeferral: RowDeferral?
    /// The call of `update` that last named the parameter, to find one that is named twice.
    var lastCall = 0

    init(_ parameter: Parameter) { lifetime = parameter.lifetime }
}
