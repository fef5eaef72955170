import CitiusAutograd
import CitiusTensor

/// In training, images are distorted as if they were printed on rubber, with a random probability (Simard, Steinkraus and
/// Platt 2003, doi:10.1109/ICDAR.2003.1227801). Follows `keras.layers.RandomElasticTransform`; see `ImageAugmentation`.
///
/// Each pixel shows the image at a place that lies off by α times a smooth random field: noise of deviation σ, blurred by
/// a Gaussian of deviation σ. A factor d of the scale makes of images whose longer side is n and whose shorter one is m
/// α = n·d/10 and σ = m·d/20, d being the same for a batch. Unlike Keras on JAX the two directions are drawn apart.
public final class RandomElasticTransform: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The probability.
        public var factor: RandomFactor = 1
        /// How strong the distortion is.
        public var scale: RandomFactor = 1
        public var interpolation = Interpolation.bilinear
        public var fillMode = FillMode.reflect
        /// What lies beyond the edges in `constant` mode.
        public var fillValue = 0.0
        /// Between what values pixels lie.
        public var valueRange: ClosedRange<Double> = 0...255
        public var seed: Int?
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(
                factor.fault("factor", within: 0...1), scale.fault("scale", within: 0...1),
                faultUnlessTransforming(interpolation), faultUnlessRange(valueRange))
        }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameters:
    ///   - factor: the probability: a number f for one from 0 to f, or a range.
    ///   - scale: how strong the distortion is: a number s for one from 0 to s, or a range.
    ///   - fillMode: what lies beyond the image's edges.
    ///   - valueRange: between what values pixels lie.
    ///
    /// Traps if a factor is not within 0 to 1.
    public convenience init(
        _ factor: some RandomFactorConvertible = 1.0, scale: some RandomFactorConvertible = 1.0,
        interpolation: Interpolation = .bilinear, fillMode: FillMode = .reflect, fillValue: Double = 0,
        valueRange: ClosedRange<Double> = 0...255, seed: Int? = nil,
        name: String? = nil
    ) {
        self.init(
            configuration: Configuration(
                factor: factor.randomFactor, scale: scale.randomFactor, interpolation: interpolation,
                fillMode: fillMode, fillValue: fillValue, valueRange: valueRange, seed: seed), name: name)
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let decisions = generator.decisions(images.shape[0], in: configuration.factor.range(floor: 0))
        let range = configuration.scale.range(floor: 0)
        let strength = range.lowerBound + (range.upperBound - range.lowerBound) * generator.uniform()
        let fields = Tensor(
            normal: [2 * images.shape[0], images.shape[1], images.shape[2], 1], dtype: .float64,
            using: &generator)
        return distorted(images, where: decisions, strength: strength, noise: fields)
    }

    /// - Parameter noise: [2 × batch, height, width, 1], normally distributed: of columns, then of rows.
    func distorted(
        _ images: Variable, where decisions: Tensor, strength: Double, noise: Tensor
    ) -> Variable {
        let (count, height, width) = (images.shape[0], images.shape[1], images.shape[2])
        let alpha = Double(max(height, width)) * strength / 10
        // No field without a width.
        let sigma = max(Double(min(height, width)) * strength / 20, 1e-6)
        let bell = Tensor(gaussian: Int(6 * sigma) | 1, sigma: sigma)
        let field = (Variable(noise) * sigma).gaussianBlurred(columns: bell, rows: bell).value * alpha
        let moves = field.elements(as: Double.self)
        let isMoved = decisions.elements(as: Bool.self)
        let size = height * width
        let places = (0..<count * size).map { pixel -> (row: Double, column: Double) in
            let (row, column) = (Double(pixel % size / width), Double(pixel % width))
            return isMoved[pixel / size]
                ? (row + moves[count * size + pixel], column + moves[pixel]) : (row, column)
        }
        return images.sampled(
            at: places, interpolation: configuration.interpolation, fill: configuration.fillMode,
            fillValue: configuration.fillValue
        ).clamped(to: configuration.valueRange)
    }
}

extension Variable {
    /// Images [batch, height, width, channels] whose pixels show what lies at given places of their own image. The gradient
    /// is added where a pixel was taken from.
    fileprivate func sampled(
        at places: [(row: Double, column: Double)], interpolation: Interpolation, fill: FillMode,
        fillValue: Double
    ) -> Variable {
        let (height, width, channels) = (shape[1], shape[2], shape[3])
        let size = height * width
        let pixels = reshaped(to: [shape[0] * size, channels])
        func index(_ position: Int, _ count: Int) -> Int? {
            if (0..<count).contains(position) { return position }
            switch fill {
            case .constant: return nil
            case .nearest: return Swift.min(Swift.max(position, 0), count - 1)
            case .wrap: return (position % count + count) % count
            case .reflect:
                let folded = (position % (2 * count) + 2 * count) % (2 * count)
                return folded < count ? folded : 2 * count - 1 - folded
            }
        }
        /// What the pixels at some places, moved by whole ones, add.
        func tap(_ weights: (_ row: Double, _ column: Double) -> (row: Int, column: Int, weight: Double))
            -> Variable
        {
            var (sources, factors, beyond): ([Int64], [Double], [Double]) = ([], [], [])
            for (pixel, place) in places.enumerated() {
                // What lies so far out is shown as if it lay there.
                func near(_ x: Double) -> Double { Swift.min(Swift.max(x, -1e9), 1e9) }
                let (row, column, weight) = weights(near(place.row), near(place.column))
                if let row = index(row, height), let column = index(column, width) {
                    sources.append(Int64(pixel / size * size + row * width + column))
                    factors.append(weight)
                    beyond.append(0)
                } else {
                    sources.append(0)
                    factors.append(0)
                    beyond.append(weight * fillValue)
                }
            }
            func column(_ values: [Double]) -> Tensor {
                Tensor(values, shape: [values.count, 1]).cast(to: dtype)
            }
            return pixels.taking(Tensor(sources)) * Variable(column(factors)) + Variable(column(beyond))
        }
        let result: Variable
        if interpolation == .nearest {
            result = tap {
                (Int($0.rounded(.toNearestOrAwayFromZero)), Int($1.rounded(.toNearestOrAwayFromZero)), 1)
            }
        } else {
            let taps = [(0, 0), (0, 1), (1, 0), (1, 1)].map { down, right in
                tap { row, column in
                    let (top, left) = (row.rounded(.down), column.rounded(.down))
                    let (rest, side) = (row - top, column - left)
                    return (
                        Int(top) + down, Int(left) + right,
                        (down == 1 ? rest : 1 - rest) * (right == 1 ? side : 1 - side)
                    )
                }
            }
            result = taps[0] + taps[1] + taps[2] + taps[3]
        }
        return result.reshaped(to: shape)
    }
}
