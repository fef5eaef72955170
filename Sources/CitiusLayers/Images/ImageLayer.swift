import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// What layers of image augmentation share: in training they change pictures at random, each in its own way; in inference
/// they do nothing.
///
/// The numbers that they draw depend on the seed and on a picture's place in the batch: the same pictures come out on any
/// number of threads. They come from the model's stream; a layer with a `seed` of its own draws from a stream of that
/// seed instead, whose place is the model's, so that a training that is taken up again goes on as it would have.
///
/// # Shapes
/// [batch, height, width, channels] → the same; [batch, channels, height, width] with the channels first.
public class ImageAugmentation: Layer {
    private final let ownSeed: Int?
    final let format: DataFormat

    init(seed: Int?, dataFormat: DataFormat, name: String?) {
        ownSeed = seed
        format = dataFormat
        super.init(name: name)
    }

    public static var module: String? { "keras.layers" }

    /// The numbers of channels that the layer can take; nil for any.
    var channels: [Int]? { nil }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        if let fault = faultUnlessRank(3, format.axes("height, width"), of: shapes[0]) { return fault }
        let count = format.channelsLast(shapes[0])[2]
        if let channels, !channels.contains(count) {
            return "samples of shape \(shapes[0]) have \(count) channels, expected "
                + channels.map { "\($0)" }.joined(separator: " or ")
        }
        return shapes[0].sizes.contains(0) ? "samples of shape \(shapes[0]) are empty" : nil
    }

    /// What becomes of a batch, given with the channels last, in inference.
    func inferred(_ images: Variable) -> Variable { images }

    /// What becomes of a batch, given with the channels last, in training.
    func augmented(_ images: Variable, using generator: inout RandomGenerator) -> Variable {
        fail("\(Self.self): augmented(_:using:) is not overridden")
    }

    public final override func forward(_ input: Variable, in context: Context) -> Variable {
        format.computing(input) { images in
            guard context.isTraining else { return inferred(images) }
            return context.random.drawing(seed: ownSeed) { augmented(images, using: &$0) }
        }
    }
}

/// How strong a random change may be: a number f, for −f to f (from 0 for some layers), or a range.
public struct RandomFactor: Sendable, Hashable, Codable, ExpressibleByFloatLiteral,
    ExpressibleByIntegerLiteral
{
    /// The number alone, or the range's bounds.
    let numbers: [Double]

    public init(_ number: Double) { numbers = [number] }
    public init(_ range: ClosedRange<Double>) { numbers = [range.lowerBound, range.upperBound] }
    public init(floatLiteral number: Double) { self.init(number) }
    public init(integerLiteral number: Int) { self.init(Double(number)) }

    public init(from decoder: any Decoder) throws {
        if let number = try? decoder.singleValueContainer().decode(Double.self) {
            self.init(number)
            return
        }
        var container = try decoder.unkeyedContainer()
        let (first, second) = (try container.decode(Double.self), try container.decode(Double.self))
        guard container.isAtEnd, first.isFinite, second.isFinite else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "expected a number or two, a range's bounds")
        }
        // A number as Keras's layers keep it; those that take none below 0 could not read it back.
        if first == -second, second >= 0 {
            self.init(second)
        } else {
            self.init(min(first, second)...max(first, second))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        if numbers.count == 1 {
            var container = encoder.singleValueContainer()
            try container.encode(numbers[0])
            return
        }
        var container = encoder.unkeyedContainer()
        for number in numbers { try container.encode(number) }
    }

    /// The range of a factor; a number's from `floor` on if −f lies below.
    func range(floor: Double = -.infinity) -> ClosedRange<Double> {
        guard numbers.count == 1 else { return numbers[0]...numbers[1] }
        let size = abs(numbers[0])
        return min(max(-size, floor), size)...size
    }

    func fault(_ name: String, within bounds: ClosedRange<Double>) -> String? {
        numbers.allSatisfy { bounds.contains($0) }
            ? nil
            : "\(name) is \(numbers), expected numbers from \(bounds.lowerBound) to \(bounds.upperBound)"
    }
}

/// What can be given where a factor is expected: `0.2`, `-0.1...0.3`, a `RandomFactor`.
public protocol RandomFactorConvertible {
    var randomFactor: RandomFactor { get }
}

extension RandomFactor: RandomFactorConvertible {
    public var randomFactor: RandomFactor { self }
}

extension Double: RandomFactorConvertible {
    public var randomFactor: RandomFactor { RandomFactor(self) }
}

extension ClosedRange: RandomFactorConvertible where Bound == Double {
    public var randomFactor: RandomFactor { RandomFactor(self) }
}

/// A value for all channels, or one for each. In a configuration it reads as Keras writes it, a number or a list.
public struct ChannelValues: Sendable, Hashable, Codable, ExpressibleByFloatLiteral,
    ExpressibleByIntegerLiteral,
    ExpressibleByArrayLiteral
{
    /// One, or one for each channel.
    public let values: [Double]

    public init(_ value: Double) { values = [value] }
    /// Traps if there is none.
    public init(_ values: [Double]) {
        require(!values.isEmpty, "ChannelValues: no values, expected one, or one for each channel")
        self.values = values
    }
    public init(floatLiteral value: Double) { self.init(value) }
    public init(integerLiteral value: Int) { self.init(Double(value)) }
    public init(arrayLiteral values: Double...) { self.init(values) }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Double.self) {
            self.init(value)
            return
        }
        let values = try container.decode([Double].self)
        guard !values.isEmpty else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "no values, expected one, or one for each channel")
        }
        self.init(values)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if values.count == 1 { try container.encode(values[0]) } else { try container.encode(values) }
    }

    func fault(_ name: String, of sample: Shape) -> String? {
        values.count == 1 || sample.rank > 0 && values.count == sample[-1]
            ? nil
            : "\(name) has \(values.count) values for samples of shape \(sample), expected one for each channel"
    }

    func tensor(_ dtype: DType) -> Tensor {
        Tensor(values, shape: values.count == 1 ? [] : [values.count]).cast(to: dtype)
    }
}

// MARK: What the layers draw

extension RandomGenerator {
    /// `count` numbers of a range.
    mutating func numbers(_ count: Int, in range: ClosedRange<Double>) -> Tensor {
        let unit = Tensor(uniform: [count], dtype: .float64, using: &self)
        return unit * (range.upperBound - range.lowerBound) + range.lowerBound
    }

    /// For each of `count` pictures whether a change is made whose probability is drawn from a range.
    mutating func decisions(_ count: Int, in range: ClosedRange<Double>) -> Tensor {
        let probability = numbers(count, in: range)
        return Tensor(uniform: [count], dtype: .float64, using: &self) .< probability
    }
}

extension Tensor {
    /// A number for each picture [batch], as what multiplies its pixels: [batch, 1, 1, 1].
    func perImage(_ dtype: DType) -> Tensor { reshaped(to: [count, 1, 1, 1]).cast(to: dtype) }
}

extension Variable {
    /// Values of one range as those of another.
    func rescaled(from source: ClosedRange<Double>, to target: ClosedRange<Double>) -> Variable {
        if source == target { return self }
        let size = target.upperBound - target.lowerBound
        return (self - source.lowerBound) / (source.upperBound - source.lowerBound) * size + target.lowerBound
    }
}

/// The fault of a range of values in which nothing lies.
func faultUnlessRange(_ range: ClosedRange<Double>) -> String? {
    range.lowerBound < range.upperBound && range.lowerBound.isFinite && range.upperBound.isFinite
        ? nil : "valueRange is \(range.lowerBound)...\(range.upperBound), expected two different numbers"
}

/// The fault of an interpolation that transforms do not have.
func faultUnlessTransforming(_ interpolation: Interpolation) -> String? {
    interpolation == .nearest || interpolation == .bilinear
        ? nil : "interpolation is \(interpolation), expected nearest or bilinear"
}
