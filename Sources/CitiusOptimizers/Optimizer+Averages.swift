import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Running averages of the weights, which `useEMA` keeps: average ← average · m + weight · (1 − m), where m is
/// `emaMomentum`. As in Keras, the average of the first iteration is the weight itself.
extension Optimizer {
    /// The running average of a parameter; nil if there is none.
    public final func averagedValue(of parameter: Parameter) -> Tensor? {
        knownState(of: parameter)?.average
    }

    /// Calls `body` while the parameters have their running averages for values, then puts their own back: to
    /// evaluate or save the averaged model in the middle of training.
    ///
    /// Parameters without an average keep their values. Training within `body` would be lost.
    public final func withAverages<R>(of parameters: [Parameter], _ body: () throws -> R) rethrows -> R {
        let values = parameters.map(\.value)
        defer { for (parameter, value) in zip(parameters, values) { parameter.value = value } }
        finalizeValues(of: parameters)
        return try body()
    }

    /// Overwrites the parameters with their running averages, as Keras does at the end of `fit`.
    ///
    /// Parameters without an average keep their values; without `useEMA` nothing happens.
    public final func finalizeValues(of parameters: [Parameter]) {
        for parameter in parameters {
            if let average = averagedValue(of: parameter) { parameter.value = average }
        }
    }
}
