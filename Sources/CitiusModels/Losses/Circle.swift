import CitiusAutograd
import CitiusPlatform
import CitiusTensor

extension Loss {
    /// log(1 + Σ e^(γ·αₙ·(sₙ − Δₙ)) · Σ e^(−γ·αₚ·(sₚ − Δₚ))): draws the embeddings of a class together and those of
    /// different classes apart, the farther from its goal a pair of the batch is, the more (Sun et al. 2020, arXiv
    /// 2002.10857). Follows `keras.losses.Circle`.
    ///
    /// - Predictions: embeddings of length 1, `[batch, dimensions]`; targets: numbers of classes, `[batch]` or
    ///   `[batch, 1]`.
    ///
    /// Samples whose loss is 0, those without a partner among them, do not count in the mean.
    public struct Circle: LossKind {
        /// How strongly pairs are weighed by their distance from their goal.
        public var gamma: Double
        /// How far apart from the goals pairs may be.
        public var margin: Double
        /// Whether a sample is no partner of its own.
        public var removeDiagonal: Bool

        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["circle"] }

        public init() { self.init(gamma: 80) }

        public init(gamma: Double = 80, margin: Double = 0.4, removeDiagonal: Bool = true) {
            (self.gamma, self.margin, self.removeDiagonal) = (gamma, margin, removeDiagonal)
        }

        public var targets: Loss.Targets { .any }

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            require(
                prediction.shape.rank == 2 && target.count == prediction.shape[0],
                "circle: targets \(target.shape) and predictions \(prediction.shape), expected [batch] and "
                    + "[batch, dimensions]")
            let batch = prediction.shape[0]
            let labels = Loss.labels(target, "circle").reshaped(to: [batch, 1])
            let isAlike = labels .== labels.transposed()
            let isOther = labels .!= labels.transposed()
            let isPartner = removeDiagonal ? isAlike .& (Tensor(identity: batch) .== 0) : isAlike
            // 1 − cosine.
            let distances = (1 - prediction.matmul(prediction.transposed())).maximum(0)
            let partners = (distances + margin).maximum(0) * (margin - distances) * -gamma
            let others = (1 + margin - distances).maximum(0) * (1 - margin - distances) * gamma
            var losses = (logSum(partners, isPartner) + logSum(others, isOther)).softplus()
            let counts = losses.value .> 0
            losses.mask = counts
            return losses
        }

        /// The logarithm of the sum of exponentials along rows, over what is chosen; far below any other where nothing
        /// is.
        private func logSum(_ x: Variable, _ isChosen: Tensor) -> Variable {
            let nothing = Variable(Tensor(zeros: x.shape, dtype: x.dtype) - 1e30)
            return Variable.where(isChosen, x, nothing).logSumExp(axes: [1])
        }
    }

    /// Draws embeddings of a class together and those of different classes apart; see `Circle`.
    public static func circle(gamma: Double = 80, margin: Double = 0.4, removeDiagonal: Bool = true) -> Loss {
        Loss(Circle(gamma: gamma, margin: margin, removeDiagonal: removeDiagonal))
    }
}
