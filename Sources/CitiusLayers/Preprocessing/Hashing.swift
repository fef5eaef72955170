import CitiusAutograd
import CitiusConfiguration
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Numbers words, or whole numbers, by a hash: no vocabulary, but several share a bin. Follows `keras.layers.Hashing`,
/// with the same bins.
///
/// The bin of a word is its FarmHash64, or its SipHash-2-4 under a salt, modulo the number of bins; that of a number is
/// its decimal digits'. Where a mask value is given, it has bin 0 and the others share the rest.
///
/// ```swift
/// Hashing(numBins: 3, of: .strings)(["A", "B", "C", "D", "E"])       // [1, 0, 1, 1, 2]
/// ```
///
/// # Shapes
/// Strings [batch, …, n, bytes] (uint8, see `Tensor(utf8:)`) or numbers [batch, …, n] → by its output mode, see
/// `OutputMode`, with `numBins` categories.
public final class Hashing: Layer, ConfigurableLayer, TextLayer, TextOrNumberLayer {
    /// What a layer takes.
    public enum Inputs: Sendable { case integers, strings }

    public struct Configuration: LayerConfiguration {
        public var numBins: Int
        public var salt: [Int]?
        /// What has bin 0 for itself: a word or a number.
        public var maskValue: JSON?
        public var outputMode = OutputMode.int
        public var sparse: Bool? = false

        public var fault: String? {
            firstFault(
                faultUnlessPositive("numBins", numBins), OOVHash.fault(ofSalt: salt),
                outputMode.fault(unlessOneOf: [.int, .oneHot, .multiHot, .count]),
                sparse == true ? "sparse outputs are not supported" : nil)
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    package var takesText: [Bool] = [false]

    /// - Parameters:
    ///   - numBins: how many bins there are.
    ///   - inputs: whether the layer takes whole numbers or strings.
    ///   - salt: two numbers that make a hash of one's own.
    ///   - maskValue: what has bin 0 for itself, a word or the digits of a number.
    ///
    /// Traps if the number of bins is not positive.
    public convenience init(
        numBins: Int, of inputs: Inputs = .integers, maskValue: String? = nil, salt: [Int]? = nil,
        outputMode: OutputMode = .int, name: String? = nil
    ) {
        let mask = maskValue.map { text in
            inputs == .integers ? Int64(text).map { JSON.integer($0) } ?? .string(text) : .string(text)
        }
        self.init(
            configuration: Configuration(
                numBins: numBins, salt: salt, maskValue: mask, outputMode: outputMode),
            name: name)
        takesText = [inputs == .strings]
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func inputDType(at index: Int) -> DType { takesText[0] ? .uint8 : .int64 }

    private func sample(_ shape: Shape) -> Shape {
        takesText[0] ? Shape(Array(shape.sizes.dropLast())) : shape
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        if takesText[0] && shapes[0].rank == 0 { return "samples are scalars, expected strings [.., bytes]" }
        return configuration.outputMode.fault(ofOutputFor: sample(shapes[0]), depth: configuration.numBins)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        configuration.outputMode.outputShape(for: sample(inputShape), depth: configuration.numBins)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let mask = configuration.numBins > 1 ? configuration.maskValue.map { $0.string ?? $0.text() } : nil
        let count = configuration.numBins - (mask == nil ? 0 : 1)
        var bins: [Int64] = []
        let shape: Shape
        if takesText[0] {
            input.value.forEachString(label) { word in
                let word = UnsafeRawBufferPointer(word)
                let isMask = mask.map { $0.utf8.elementsEqual(word) } ?? false
                let bin = isMask ? 0 : OOVHash.bin(word, salt: configuration.salt, count: count)
                bins.append(Int64(isMask || mask == nil ? bin : bin + 1))
            }
            shape = Shape(Array(input.shape.sizes.dropLast()))
        } else {
            for number in input.value.cast(to: .int64).elements(as: Int64.self) {
                let isMask = mask == String(number)
                let bin = isMask ? 0 : OOVHash.bin(number, salt: configuration.salt, count: count)
                bins.append(Int64(isMask || mask == nil ? bin : bin + 1))
            }
            shape = input.shape
        }
        return Variable(
            configuration.outputMode.encode(
                Tensor(bins, shape: shape), depth: configuration.numBins, dtype: dtype))
    }
}

extension Hashing: IntegerOutputLayer {
    package var givesIntegers: Bool { configuration.outputMode == .int }
}
