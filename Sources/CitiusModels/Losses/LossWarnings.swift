import CitiusAutograd
import CitiusTensor

/// What a loss takes predictions for.
enum PredictionForm {
    /// Probabilities of classes along the last axis.
    case distributions
    /// Probabilities, each by itself.
    case probabilities
    /// What the softmax or the sigmoid is still to be taken of.
    case logits
}

/// A loss that is wrong, in silence, on predictions of another form.
protocol FormedLoss {
    var form: PredictionForm { get }
}

extension Loss.SparseCategoricalCrossentropy: FormedLoss {
    var form: PredictionForm { fromLogits ? .logits : .distributions }
}

extension Loss.CategoricalCrossentropy: FormedLoss {
    var form: PredictionForm { fromLogits ? .logits : .distributions }
}

extension Loss.CategoricalFocalCrossentropy: FormedLoss {
    var form: PredictionForm { fromLogits ? .logits : .distributions }
}

extension Loss.CategoricalGeneralizedCrossEntropy: FormedLoss {
    var form: PredictionForm { .distributions }
}

extension Loss.KLDivergence: FormedLoss {
    var form: PredictionForm { .distributions }
}

extension Loss.BinaryCrossentropy: FormedLoss {
    var form: PredictionForm { fromLogits ? .logits : .probabilities }
}

extension Loss.BinaryFocalCrossentropy: FormedLoss {
    var form: PredictionForm { fromLogits ? .logits : .probabilities }
}

extension Loss {
    /// What is wrong with a batch's predictions that the loss computes with all the same, as a line for the programmer;
    /// nil if nothing is. A look at the numbers, where their origin does not say what they are.
    package func warning(about prediction: Variable) -> String? {
        guard let form = (kind as? any FormedLoss)?.form else { return nil }
        switch (form, prediction.origin) {
        case (.distributions, .softmax), (.probabilities, .sigmoid): return nil
        case (.logits, .softmax):
            return "\(name) takes logits, but the model ends in a softmax: leave out fromLogits: true."
        case (.logits, .sigmoid):
            return "\(name) takes logits, but the model ends in a sigmoid: leave out fromLogits: true."
        case (.logits, _): return nil
        case (.distributions, _), (.probabilities, _):
            let activation = form == .distributions ? "softmax" : "sigmoid"
            guard let fault = Self.fault(ofProbabilities: prediction.value, sumToOne: form == .distributions)
            else { return nil }
            let alternative = kind is CategoricalGeneralizedCrossEntropy || kind is KLDivergence
            return "\(name) takes probabilities, but \(fault): end the model in a \(activation)"
                + (alternative ? "." : ", or give the loss fromLogits: true.")
        }
    }

    private static func fault(ofProbabilities values: Tensor, sumToOne: Bool) -> String? {
        guard values.count > 0, values.dtype.isFloatingPoint else { return nil }
        let (least, largest) = (values.min().scalar, values.max().scalar)
        // NaN is another matter.
        if least < -1e-3 { return "a prediction is \(Formatting.score(least))" }
        if largest > 1 + 1e-3 { return "a prediction is \(Formatting.score(largest))" }
        guard sumToOne, values.rank > 1 else { return nil }
        let sums = values.sum(axes: [-1])
        let (smallest, greatest) = (sums.min().scalar, sums.max().scalar)
        let sum = 1 - smallest > greatest - 1 ? smallest : greatest
        return abs(sum - 1) > 1e-2 ? "the predictions for a sample sum to \(Formatting.score(sum))" : nil
    }
}
