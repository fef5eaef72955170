import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Variable {
    /// The connectionist temporal classification loss of each sample: −log of the probability that the softmaxes of the
    /// steps' logits say the labels in this order, where each step says one label or the blank, class 0, and a label that
    /// is said in steps that follow one another counts once (Graves et al. 2006, doi:10.1145/1143844.1143891).
    ///
    /// The gradient at the logits is softmax − the probability that a step says a class, given the labels. Computed in
    /// float64, in the logarithm's domain. A sample whose steps do not suffice for its labels has an infinite loss and no
    /// gradient.
    ///
    /// - Parameters: `self` holds the logits, [batch, steps, classes]; `labels` the classes' numbers,
    ///   [batch, labels], of any integer type; `lengths` how many of each row count.
    /// - Returns: [batch].
    ///
    /// Traps if the shapes do not fit, a label is no class, or a length no part of the labels.
    public func ctcLoss(labels: Tensor, lengths: [Int]) -> Variable {
        require(
            shape.rank == 3 && shape[2] > 0, "ctcLoss: logits \(shape), expected [batch, steps, classes]")
        let (batch, steps, classes) = (shape[0], shape[1], shape[2])
        require(
            labels.rank == 2 && labels.shape[0] == batch && lengths.count == batch,
            "ctcLoss: labels \(labels.shape) and \(lengths.count) lengths for logits \(shape), expected "
                + "[\(batch), labels] and \(batch)")
        let width = labels.shape[1]
        if let length = lengths.first(where: { $0 < 0 || $0 > width }) {
            fail("ctcLoss: a length is \(length), expected 0 to \(width)")
        }
        let numbers = labels.classNumbers(below: classes, "ctcLoss")
        let logits = self
        let logProbabilities = value.cast(to: .float64).logSoftmax()
        var occupancies = isTracked ? Tensor(uninitialized: shape, dtype: .float64) : nil
        let losses = Tensor(shape: [batch]) { (losses: UnsafeMutablePointer<Double>) in
            logProbabilities.withElements { (source: UnsafePointer<Double>) in
                func compute(_ occupancies: UnsafeMutablePointer<Double>?) {
                    ctcLosses(
                        logProbabilities: source, labels: numbers, lengths: lengths, steps: steps,
                        classes: classes, maximalLabels: width, losses: losses, occupancies: occupancies)
                }
                if occupancies == nil { compute(nil) } else { occupancies?.withMutableElements(compute) }
            }
        }
        return Variable(losses.cast(to: dtype), computedFrom: self) { [occupancies] cotangent in
            guard let occupancies else { return [nil] }
            // Where a loss is infinite, nothing leads to the labels, and the occupancies are 0.
            let isFinite = losses.isFinite().cast(to: .float64)
            let scale = (cotangent.cast(to: .float64) * isFinite).reshaped(to: [batch, 1, 1])
            return [((logProbabilities.exp() - occupancies) * scale).cast(to: logits.dtype)]
        }
    }
}
