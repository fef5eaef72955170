import CitiusAutograd
import CitiusPlatform
import CitiusTensor

extension Loss {
    /// −log of the probability that the steps of a sequence say a shorter sequence of labels, whichever steps say which:
    /// for speech and handwriting, whose labels are not aligned (Graves et al. 2006, doi:10.1145/1143844.1143891). Class 0
    /// is the blank, and fills up rows of labels that are shorter than others. Follows `keras.losses.CTC`.
    ///
    /// - Predictions: logits `[batch, steps, classes]`; targets: numbers of classes `[batch, labels]`, from 1, filled up
    ///   with 0.
    ///
    /// Labels that the steps do not suffice for give an infinite loss and no gradient. (Keras on JAX gives about 10⁵.)
    public struct CTC: LossKind {
        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["ctc"] }

        public init() {}

        public var targets: Loss.Targets { .any }

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            require(
                prediction.shape.rank == 3 && target.rank == 2 && target.shape[0] == prediction.shape[0],
                "ctc: targets \(target.shape) and predictions \(prediction.shape), expected [batch, labels] and "
                    + "[batch, steps, classes]")
            let labels = Loss.labels(target, "ctc")
            let lengths = (labels .!= 0).cast(to: .int64).sum(axes: [1]).elements(as: Int64.self)
            return prediction.ctcLoss(labels: labels, lengths: lengths.map { Int($0) })
        }
    }

    /// −log of the probability that the steps of a sequence say a sequence of labels; see `CTC`.
    public static var ctc: Loss { Loss(CTC()) }
}
