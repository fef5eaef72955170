import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Numbers the bins that real numbers fall into. Follows `keras.layers.Discretization`.
///
/// With boundaries b₀ < b₁ < … the number of a bin is how many of them are at most x: x < b₀ is in bin 0, b₀ ≤ x < b₁ in
/// bin 1, …. NaN is in the last one.
///
/// ```swift
/// Discretization(binBoundaries: [0, 1, 2])(Tensor([-1.5, 1.0, 3.4, 0.5]))     // [0, 2, 3, 1]
///
/// let age = Discretization(numBins: 10, outputMode: .oneHot)
/// age.adapt(on: ages)             // bins of about as many samples each
/// ```
///
/// # Shapes
/// [batch, …] → by its output mode, see `OutputMode`, with as many categories as there are bins.
public final class Discretization: Layer, ConfigurableLayer, AdaptableLayer {
    public struct Configuration: LayerConfiguration {
        /// Between the bins, ascending; nil for a layer that is not adapted yet.
        public var binBoundaries: [Double]?
        /// How many bins `adapt` makes; nil if the boundaries were given.
        public var numBins: Int?
        /// How exact the quantiles are that `adapt` finds: the fraction of the samples that a boundary may be off.
        public var epsilon = 0.01
        public var outputMode = OutputMode.int
        public var sparse: Bool? = false

        public var fault: String? {
            let boundaries = binBoundaries ?? []
            return firstFault(
                binBoundaries == nil && numBins == nil ? "neither binBoundaries nor numBins is given" : nil,
                numBins.flatMap { faultUnlessPositive("numBins", $0) },
                epsilon > 0 && epsilon <= 1 && 1 / epsilon < 1e9
                    ? nil : "epsilon is \(epsilon), expected above 0 and at most 1",
                boundaries.allSatisfy { $0.isFinite }
                    && zip(boundaries, boundaries.dropFirst()).allSatisfy { $0 <= $1 }
                    ? nil : "binBoundaries are to be finite and ascending",
                outputMode.fault(unlessOneOf: [.int, .oneHot, .multiHot, .count]),
                sparse == true ? "sparse outputs are not supported" : nil)
        }
    }

    public static var module: String? { "keras.layers" }
    public private(set) var configuration: Configuration

    /// A layer with these boundaries. Traps if they do not ascend.
    public convenience init(binBoundaries: [Double], outputMode: OutputMode = .int, name: String? = nil) {
        self.init(
            configuration: Configuration(binBoundaries: binBoundaries, outputMode: outputMode), name: name)
    }

    /// A layer that finds its boundaries when it is adapted.
    ///
    /// - Parameters:
    ///   - numBins: how many bins; fewer if there are fewer samples. Traps if it is not positive.
    ///   - epsilon: how exact the quantiles are: the fraction of the samples that a boundary may be off.
    public convenience init(
        numBins: Int, epsilon: Double = 0.01, outputMode: OutputMode = .int, name: String? = nil
    ) {
        self.init(
            configuration: Configuration(numBins: numBins, epsilon: epsilon, outputMode: outputMode),
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// The number of bins that there are.
    private var binCount: Int { (configuration.binBoundaries?.count ?? 0) + 1 }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        guard configuration.binBoundaries != nil else {
            return "it has no bins yet: adapt it, or give it their boundaries"
        }
        return configuration.outputMode.fault(ofOutputFor: shapes[0], depth: binCount)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        configuration.outputMode.outputShape(for: inputShape, depth: binCount)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        guard let boundaries = configuration.binBoundaries else {
            fail("\(label): it has no bins yet: adapt it, or give it their boundaries")
        }
        // As exact as the layer's numbers are.
        let bounds = Tensor(boundaries, dtype: dtype).cast(to: .float64).elements(as: Double.self)
        let values = input.value.cast(to: dtype).cast(to: .float64).elements(as: Double.self)
        let bins = Tensor(
            values.map { value -> Int64 in
                var (low, high) = (0, bounds.count)
                while low < high {
                    let middle = (low + high) / 2
                    if value < bounds[middle] { high = middle } else { low = middle + 1 }
                }
                return Int64(low)
            }, shape: input.shape)
        return Variable(configuration.outputMode.encode(bins, depth: binCount, dtype: dtype))
    }

    // MARK: Adapting

    /// Finds boundaries between bins of about as many of the batches' elements each. Of one batch, or of a few, the
    /// quantiles are Keras's; a long stream is summarized batch by batch.
    ///
    /// Traps if there are no samples, or if the boundaries were given.
    public func adapt(forEachBatch: (_ body: (Tensor) -> Void) -> Void) {
        guard let numBins = configuration.numBins else {
            fail(
                "\(label): adapt was called, but its bin boundaries were given; give the number of bins instead"
            )
        }
        var summary = QuantileSummary()
        forEachBatch {
            summary.add($0.cast(to: .float32).elements(as: Float.self), epsilon: configuration.epsilon)
        }
        require(!summary.isEmpty, "\(label): adapt got no samples, expected at least one")
        configuration.binBoundaries = summary.compressed(to: 1 / Double(numBins)).values.dropLast().map {
            Double($0)
        }
    }
}

/// Values with how many elements each stands for, sorted: what is kept of a stream to find its quantiles.
///
/// Follows Keras's `Discretization` to the rounding, whose boundaries are to be the same.
private struct QuantileSummary {
    var values: [Float] = []
    var weights: [Float] = []

    var isEmpty: Bool { values.isEmpty }

    /// Takes elements in. NaN is left out.
    mutating func add(_ elements: [Float], epsilon: Double) {
        let sorted = elements.filter { !$0.isNaN }.sorted()
        guard !sorted.isEmpty else { return }
        let step = max(Double(sorted.count) / (1 / epsilon), 1)
        let places = Array(stride(from: Int(step - 1), to: sorted.count, by: Int(step)))
        let merged = zip(
            places.map { sorted[$0] } + values, places.map { _ in Float(step) } + weights
        ).enumerated().sorted { ($0.element.0, $0.offset) < ($1.element.0, $1.offset) }.map { $0.element }
        (values, weights) = (merged.map { $0.0 }, merged.map { $0.1 })
        self = compressed(to: epsilon)
    }

    /// With about 1/epsilon values, found by interpolation.
    func compressed(to epsilon: Double) -> QuantileSummary {
        if Double(values.count) * epsilon < 1 { return self }
        var sums: [Float] = []
        for weight in weights { sums.append((sums.last ?? 0) + weight) }
        let fractions = sums.map { Double($0 / (sums.last ?? 1)) }
        let count = Int((1 / epsilon).rounded(.up))
        let percents = (0..<count).map { epsilon + Double($0) * epsilon }
        let newValues = percents.map { Self.interpolated($0, fractions, values.map { Double($0) }) }
        let newSums = percents.map { Self.interpolated($0, fractions, sums.map { Double($0) }) }
        return QuantileSummary(
            values: newValues.map { Float($0) },
            weights: zip(newSums, [0] + newSums).map { Float($0 - $1) })
    }

    /// The value at a place between points of ascending places, as `numpy.interp` has it.
    private static func interpolated(_ place: Double, _ places: [Double], _ values: [Double]) -> Double {
        guard let last = places.indices.last else { return 0 }
        if place > places[last] { return values[last] }
        if place < places[0] { return values[0] }
        // The last point that is not behind.
        var (low, high) = (0, places.count)
        while low < high {
            let middle = (low + high) / 2
            if place >= places[middle] { low = middle + 1 } else { high = middle }
        }
        let index = low - 1
        if index == last || places[index] == place { return values[index] }
        let slope = (values[index + 1] - values[index]) / (places[index + 1] - places[index])
        return slope * (place - places[index]) + values[index]
    }
}
