import CitiusAutograd
import CitiusKernels
import CitiusTensor

/// In training, values are spread so that each occurs about as often, channel by channel. Follows
/// `keras.layers.Equalization`, which counts them over the whole batch.
///
/// # Shapes
/// [batch, height, width, channels] → the same. The result has no gradient.
public final class Equalization: ImageAugmentation, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// Between what values pixels lie.
        public var valueRange: ClosedRange<Double> = 0...255
        /// How many values are told apart.
        public var bins = 256
        public var dataFormat = DataFormat.channelsLast

        public var fault: String? {
            firstFault(
                faultUnlessRange(valueRange),
                (2...1 << 16).contains(bins) ? nil : "bins is \(bins), expected 2 to \(1 << 16)")
        }
    }

    public let configuration: Configuration

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(seed: nil, dataFormat: configuration.dataFormat, name: name)
    }

    /// - Parameters:
    ///   - valueRange: between what values pixels lie.
    ///   - bins: how many values are told apart.
    ///
    /// Traps if they are not 2 to 65,536.
    public convenience init(
        valueRange: ClosedRange<Double> = 0...255, bins: Int = 256, name: String? = nil
    ) {
        self.init(configuration: Configuration(valueRange: valueRange, bins: bins), name: name)
    }

    override func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        let bytes = images.stopGradient().rescaled(from: configuration.valueRange, to: 0...255).value
        func apply<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: bytes.shape) { (out: UnsafeMutablePointer<T>) in
                bytes.withElements { (x: UnsafePointer<T>) in equalize(x, bytes.shape, to: out) }
            }
        }
        let result = Variable(apply(images.dtype.realType(for: "Equalization"))).rescaled(
            from: 0...255, to: configuration.valueRange)
        return Variable(result.value, computedFrom: images) { _ in [nil] }
    }

    private func equalize<T: RealScalar>(
        _ x: UnsafePointer<T>, _ shape: Shape, to y: UnsafeMutablePointer<T>
    ) {
        let (channels, bins) = (shape[3], configuration.bins)
        func bin(_ value: T) -> Int {
            let scaled = value * T(bins - 1) / 255
            return scaled.isNaN ? 0 : Int(min(max(scaled, 0), T(bins - 1)))
        }
        for channel in 0..<channels {
            var histogram = [Int](repeating: 0, count: bins)
            for index in stride(from: channel, to: shape.count, by: channels) {
                histogram[bin(x[index])] += 1
            }
            let isFlat = histogram.count { $0 > 0 } <= 1
            var sum = 0
            let sums = histogram.map { count in
                sum += count
                return sum
            }
            let first = sums.first { $0 > 0 } ?? 0
            let divisor = max(1, sum - first)
            let table = sums.map {
                T(min(max((Double(($0 - first) * 255) / Double(divisor)).rounded(.toNearestOrEven), 0), 255))
            }
            for index in stride(from: channel, to: shape.count, by: channels) {
                y[index] = isFlat ? x[index] : table[bin(x[index])]
            }
        }
    }
}
