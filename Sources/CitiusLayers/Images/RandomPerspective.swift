import CitiusAutograd
import CitiusTensor

/// In training, each image's corners are moved at random, with a random probability, as if it were seen from another
/// place. Follows `keras.layers.RandomPerspective`; see `ImageAugmentation`.
///
/// As in Keras a corner moves by a fraction of its coordinates, so that the upper left one stays.
public final class RandomPerspective: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The probability.
        public var factor: RandomFactor = 1
        /// By how much of its coordinates a corner moves: from −scale/2 to scale/2 of each.
        public var scale = 1.0
        public var interpolation = Interpolation.bilinear
        /// What lies beyond the edges.
        public var fillValue = 0.0
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(
                factor.fault("factor", within: 0...1),
                (0...1).contains(scale) ? nil : "scale is \(scale), expected a number from 0 to 1",
                faultUnlessTransforming(interpolation))
        }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameters:
    ///   - factor: the probability: a number f for one from 0 to f, or a range.
    ///   - scale: by how much of its coordinates a corner moves: from −scale/2 to scale/2 of each.
    ///   - fillValue: what lies beyond the edges.
    ///
    /// Traps if a number is not within 0 to 1.
    public convenience init(
        _ factor: some RandomFactorConvertible = 1.0, scale: Double = 1,
        interpolation: Interpolation = .bilinear, fillValue: Double = 0, seed: Int? = nil,
        name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                factor: factor.randomFactor, scale: scale, interpolation: interpolation, fillValue: fillValue,
                seed: seed), name: name)
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let count = images.shape[0]
        let decisions = generator.decisions(count, in: configuration.factor.range(floor: 0))
        let half = configuration.scale / 2
        let moves = generator.numbers(count * 8, in: -half...half).reshaped(to: [count, 4, 2])
        return turned(images, where: decisions, moves: moves)
    }

    /// - Parameter moves: [batch, 4, 2], by how much of its coordinates x and y each corner moves: upper left, upper right,
    ///   lower left, lower right.
    func turned(_ images: Variable, where decisions: Tensor, moves: Tensor) -> Variable {
        let (right, bottom) = (Double(images.shape[2] - 1), Double(images.shape[1] - 1))
        let corners = [(0, 0), (right, 0), (0, bottom), (right, bottom)]
        let moves = moves.elements(as: Double.self)
        let isMoved = decisions.elements(as: Bool.self)
        let transforms = isMoved.enumerated().flatMap { image, isMoved in
            let moved = corners.enumerated().map { corner, place in
                (
                    place.0 * (1 + moves[(image * 4 + corner) * 2]),
                    place.1 * (1 + moves[(image * 4 + corner) * 2 + 1])
                )
            }
            return isMoved ? homography(from: moved, to: corners) : [1, 0, 0, 0, 1, 0, 0, 0]
        }
        return images.transformed(
            by: Tensor(transforms, shape: [isMoved.count, 8]), interpolation: configuration.interpolation,
            fill: .constant, fillValue: configuration.fillValue)
    }
}

/// The projective transform that takes four points to four others, in the order a₀ a₁ a₂ b₀ b₁ b₂ c₀ c₁; the identity where
/// there is none, as three of the points lie on a line.
private func homography(
    from points: [(Double, Double)], to others: [(Double, Double)]
) -> [Double] {
    let rows = zip(points, others).flatMap { point, other -> [[Double]] in
        let ((x, y), (u, v)) = (point, other)
        return [[x, y, 1, 0, 0, 0, -u * x, -u * y], [0, 0, 0, x, y, 1, -v * x, -v * y]]
    }
    let values = others.flatMap { [$0.0, $0.1] }
    let solution = try? Tensor(rows.flatMap { $0 }, shape: [8, 8]).solve(Tensor(values, shape: [8]))
    return solution?.elements(as: Double.self) ?? [1, 0, 0, 0, 1, 0, 0, 0]
}
