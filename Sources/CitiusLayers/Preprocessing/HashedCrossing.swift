import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Numbers combinations of features by a hash: which of two streets meets which of two, say. Follows
/// `keras.layers.HashedCrossing`, with the same bins.
///
/// Each input gives one word or whole number a sample. The bin is a hash of the words' FarmHash64 and the numbers
/// themselves, joined one after the other, modulo the number of bins.
///
/// ```swift
/// let crossing = HashedCrossing(numBins: 5, of: [.strings, .integers])
/// crossing(Variable(Tensor(utf8: ["A", "B"])), Variable(Tensor([101, 102])))     // [1, 1]
/// ```
///
/// # Shapes
/// Two or more inputs, strings [batch, 1, bytes] or [batch, bytes], or numbers [batch, 1] or [batch], all alike → [batch,
/// 1] or [batch], int64; [batch, numBins] by the output mode `oneHot`.
public final class HashedCrossing: MergingLayer, ConfigurableLayer, TextOrNumberLayer {
    public struct Configuration: LayerConfiguration {
        public var numBins: Int
        public var outputMode = OutputMode.int
        public var sparse: Bool? = false

        public var fault: String? {
            firstFault(
                faultUnlessPositive("numBins", numBins),
                outputMode.fault(unlessOneOf: [.int, .oneHot]),
                sparse == true ? "sparse outputs are not supported" : nil)
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    package var takesText: [Bool] = []

    /// - Parameters:
    ///   - numBins: how many bins there are.
    ///   - inputs: which inputs are strings; those that are not named are whole numbers.
    ///
    /// Traps if the number of bins is not positive, or if the output mode is neither `int` nor `oneHot`.
    public convenience init(
        numBins: Int, of inputs: [Hashing.Inputs] = [], outputMode: OutputMode = .int, name: String? = nil
    ) {
        self.init(configuration: Configuration(numBins: numBins, outputMode: outputMode), name: name)
        takesText = inputs.map { $0 == .strings }
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    private func isText(_ index: Int) -> Bool { index < takesText.count && takesText[index] }

    public override func inputDType(at index: Int) -> DType { isText(index) ? .uint8 : .int64 }

    /// Without the axis of bytes.
    private func samples(_ shapes: [Shape]) -> [Shape] {
        shapes.enumerated().map { isText($0) ? Shape(Array($1.sizes.dropLast())) : $1 }
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        guard shapes.count >= 2 else { return "\(shapes.count) inputs, expected at least 2 to cross" }
        if shapes.enumerated().contains(where: { isText($0) && $1.rank == 0 }) {
            return "samples are scalars, expected strings [.., bytes]"
        }
        let samples = samples(shapes)
        return Set(samples).count == 1 && (samples[0] == [] || samples[0] == [1])
            ? nil
            : "samples of \(samples.map { $0.description }.joined(separator: ", ")), expected one word or number of "
                + "each input, [] or [1]"
    }

    public override func mergedShape(of inputShapes: [Shape]) -> Shape {
        configuration.outputMode.outputShape(for: samples(inputShapes)[0], depth: configuration.numBins)
    }

    /// What TensorFlow begins a crossing's hash with.
    private static let seed: UInt64 = 0xDECA_FCAF_FE

    public override func merge(_ inputs: [Variable], in context: Context) -> Variable {
        var hashes = [UInt64](repeating: Self.seed, count: inputs[0].shape[0])
        for (index, input) in inputs.enumerated() {
            var features: [UInt64] = []
            if isText(index) {
                input.value.forEachString(label) {
                    features.append(farmHash64(UnsafeRawBufferPointer($0)))
                }
            } else {
                features = input.value.cast(to: .int64).elements(as: Int64.self).map {
                    UInt64(bitPattern: $0)
                }
            }
            hashes = zip(hashes, features).map { joinedFingerprints($0, $1) }
        }
        let bins = hashes.map { Int64($0 % UInt64(configuration.numBins)) }
        let shape = samples(inputs.map { $0.shape.droppingFirst() })[0].prepending(bins.count)
        return Variable(
            configuration.outputMode.encode(
                Tensor(bins, shape: shape), depth: configuration.numBins, dtype: dtype))
    }
}

extension HashedCrossing: IntegerOutputLayer {
    package var givesIntegers: Bool { configuration.outputMode == .int }
}
