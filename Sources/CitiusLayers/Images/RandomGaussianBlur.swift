import CitiusAutograd
import CitiusTensor

/// In training, images are blurred with a random probability, by a Gaussian whose width is random, the same for a batch.
/// Follows `keras.layers.RandomGaussianBlur`; see `ImageAugmentation`.
///
/// Beyond the edges there are zeros, as in Keras: edges darken.
public final class RandomGaussianBlur: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// The probability.
        public var factor: RandomFactor = 1
        /// The kernel's width and height: odd numbers.
        public var kernelSize = KernelSize(3, 3)
        /// The standard deviation, in pixels.
        public var sigma: RandomFactor = 1
        /// Between what values pixels lie.
        public var valueRange: ClosedRange<Double> = 0...255
        public var dataFormat = DataFormat.channelsLast
        public var seed: Int?

        public var fault: String? {
            firstFault(
                factor.fault("factor", within: 0...1), sigma.fault("sigma", within: 0...1),
                faultUnlessRange(valueRange),
                [kernelSize.width, kernelSize.height].allSatisfy { $0 % 2 == 1 && (1...999).contains($0) }
                    ? nil
                    : "kernelSize is \(kernelSize.width)×\(kernelSize.height), expected odd numbers from 1 to 999"
            )
        }
    }

    /// A number of columns and one of rows, in this order, as Keras's layer has them. In a configuration it reads as a
    /// number or two.
    public struct KernelSize: Sendable, Hashable, Codable {
        public var width: Int
        public var height: Int

        public init(_ width: Int, _ height: Int) { (self.width, self.height) = (width, height) }

        public init(from decoder: any Decoder) throws {
            if let side = try? decoder.singleValueContainer().decode(Int.self) {
                self.init(side, side)
                return
            }
            var container = try decoder.unkeyedContainer()
            self.init(try container.decode(Int.self), try container.decode(Int.self))
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.unkeyedContainer()
            try container.encode(width)
            try container.encode(height)
        }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: configuration.seed, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameters:
    ///   - factor: the probability: a number f for one from 0 to f, or a range.
    ///   - kernelSize: pixels along each side of the kernel.
    ///   - sigma: the standard deviation in pixels: a number s for one from 0 to s, or a range.
    ///   - valueRange: between what values pixels lie.
    ///
    /// Traps if a factor is not within 0 to 1, or the kernel's size is even.
    public convenience init(
        _ factor: some RandomFactorConvertible = 1.0, kernelSize: some Size2DConvertible = 3,
        sigma: some RandomFactorConvertible = 1.0, valueRange: ClosedRange<Double> = 0...255,
        seed: Int? = nil, name: String? = nil
    ) {
        let size = kernelSize.size2D
        self.init(
            configuration: Configuration(
                factor: factor.randomFactor, kernelSize: KernelSize(size.width, size.height),
                sigma: sigma.randomFactor, valueRange: valueRange, seed: seed),
            name: name)
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let decisions = generator.decisions(images.shape[0], in: configuration.factor.range(floor: 0))
        let sigma = generator.numbers(2, in: configuration.sigma.range(floor: 0)) + 1e-6
        return blurred(images, where: decisions, sigma: sigma.elements(as: Double.self))
    }

    /// - Parameter sigma: of the columns, and of the rows.
    func blurred(_ images: Variable, where decisions: Tensor, sigma: [Double]) -> Variable {
        let size = configuration.kernelSize
        let blurred = images.gaussianBlurred(
            columns: Tensor(gaussian: size.width, sigma: sigma[0]),
            rows: Tensor(gaussian: size.height, sigma: sigma[1]))
        return Variable.where(decisions.reshaped(to: [images.shape[0], 1, 1, 1]), blurred, images)
            .clamped(to: configuration.valueRange)
    }
}

extension Tensor {
    /// The values of a bell curve around the middle of `count`, of sum 1, in float64.
    init(gaussian count: Int, sigma: Double) {
        let middle = Double(count - 1) / 2
        let values = (0..<count).map { index in
            let distance = (Double(index) - middle) / sigma
            return Double.exp(-0.5 * distance * distance)
        }
        self = Tensor(values) / values.reduce(0, +)
    }
}

extension Variable {
    /// Images convolved along each axis, with zeros beyond their edges.
    func gaussianBlurred(columns: Tensor, rows: Tensor) -> Variable {
        let channels = shape[3]
        func kernel(_ values: Tensor, _ shape: Shape) -> Variable {
            Variable(
                values.reshaped(to: shape).cast(to: dtype).expanded(to: [shape[0], shape[1], channels, 1]))
        }
        return depthwiseConv2D(kernel(rows, [rows.count, 1, 1, 1]), padding: .same)
            .depthwiseConv2D(kernel(columns, [1, columns.count, 1, 1]), padding: .same)
    }
}
