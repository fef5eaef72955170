import CitiusAutograd
import CitiusTensor

extension Loss {
    /// Σ t·log(t / p) over the last axis, t and p kept within 1e-7…1 (Kullback and Leibler 1951,
    /// doi:10.1214/aoms/1177729694). Follows `keras.losses.KLDivergence`.
    ///
    /// - Predictions and targets: distributions `[batch, …, classes]`.
    public struct KLDivergence: LossKind {
        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["kl_divergence", "kld", "KLD"] }

        public init() {}

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            let target = aligned(target, with: prediction, "klDivergence").clamped(to: epsilon...1)
            return ((target.log() - prediction.clamped(to: epsilon...1).log()) * target).sum(axes: [-1])
        }
    }

    /// p − t·log p, averaged over the last axis: minus the logarithm of a Poisson distribution of mean p at t, less
    /// what does not depend on p. Follows `keras.losses.Poisson`.
    public struct Poisson: LossKind {
        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["poisson"] }

        public init() {}

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            let target = aligned(target, with: prediction, "poisson")
            return meanOfLastAxis(prediction - (prediction + epsilon).log() * target)
        }
    }

    /// Minus the cosine of the angle between prediction and target: −1 where they point the same way. Follows
    /// `keras.losses.CosineSimilarity`.
    public struct CosineSimilarity: LossKind {
        /// What the vectors run along.
        public var axis: Int

        public static var module: String? { "keras.losses" }
        public static var aliases: [String] { ["cosine_similarity"] }

        public init() { self.init(axis: -1) }

        public init(axis: Int) { self.axis = axis }

        /// Keras 3.15 forgets the axis when it saves, though it reads it.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            axis = try container.decodeIfPresent(Int.self, forKey: .axis) ?? -1
        }

        public func losses(_ prediction: Variable, _ target: Tensor) -> Variable {
            func unit(_ x: Variable) -> Variable {
                // The bound keeps zeros from a division by 0.
                x / x.squared().sum(axes: [axis], keepingAxes: true).maximum(epsilon * epsilon).sqrt()
            }
            let target = unit(Variable(aligned(target, with: prediction, "cosineSimilarity")))
            return -(unit(prediction) * target).sum(axes: [axis])
        }
    }

    /// Σ t·log(t / p) over the last axis, for distributions.
    public static var klDivergence: Loss { Loss(KLDivergence()) }

    /// p − t·log p, averaged over the last axis.
    public static var poisson: Loss { Loss(Poisson()) }

    /// Minus the cosine of the angle between prediction and target, vectors along `axis`.
    public static func cosineSimilarity(axis: Int = -1) -> Loss { Loss(CosineSimilarity(axis: axis)) }
}
