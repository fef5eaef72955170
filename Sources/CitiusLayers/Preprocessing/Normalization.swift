import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// Shifts and scales features by the means and variances of the data, so that they have mean 0 and variance 1.
/// Follows `keras.layers.Normalization`.
///
/// ```
/// y = (x − mean) / max(√variance, 1e-7),     inverted: y = x · max(√variance, 1e-7) + mean
/// ```
///
/// ```swift
/// let normalization = Normalization()
/// normalization.adapt(on: features)               // [samples, features]
/// let model = Sequential([Input(13), normalization, Dense(64, activation: .relu), Dense(1)])
/// ```
///
/// Means and variances (of the population) are those of the data it was adapted on, or given; before, they are 0 and 1.
/// They are saved as weights, which are not trained: mean, variance and Keras's count, which is 0.
///
/// Sums are taken in double precision and keep what rounding takes away; those of whole numbers are exact.
///
/// # Shapes
/// [batch, …] → the same; mean and variance have the sizes of the axes that keep theirs apart, by default [features].
/// Deviation from Keras: the batch's axis cannot be one of these.
public final class Normalization: Layer, ConfigurableLayer, AdaptableLayer {
    public struct Configuration: LayerConfiguration {
        /// The axes along which every place has a mean of its own, the batch's counted as 0; none: one mean for all.
        public var axis: [Int]
        public var invert: Bool
        public var mean: NumberArray?
        public var variance: NumberArray?

        public init(
            axis: [Int] = [-1], invert: Bool = false, mean: NumberArray? = nil, variance: NumberArray? = nil
        ) {
            (self.axis, self.invert, self.mean, self.variance) = (axis, invert, mean, variance)
        }

        private enum CodingKeys: CodingKey { case axis, invert, mean, variance }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            // One axis by itself, several, or none.
            axis =
                try container.decodeNil(forKey: .axis)
                ? []
                : (try? [container.decode(Int.self, forKey: .axis)])
                    ?? container.decode([Int].self, forKey: .axis)
            invert = try container.decodeIfPresent(Bool.self, forKey: .invert) ?? false
            mean = try container.decodeIfPresent(NumberArray.self, forKey: .mean)
            variance = try container.decodeIfPresent(NumberArray.self, forKey: .variance)
        }

        public var fault: String? {
            guard (mean == nil) == (variance == nil) else {
                return "mean and variance are given together or not at all"
            }
            guard let mean, let variance else { return nil }
            return firstFault(
                mean.sizes == variance.sizes
                    ? nil : "mean has shape \(mean.sizes) and variance \(variance.sizes), expected one shape",
                mean.sizes.count <= axis.count
                    ? nil
                    : "mean has shape \(mean.sizes), expected at most \(axis.count) axes, as many as `axis`",
                (mean.values + variance.values).allSatisfy { $0.isFinite }
                    && variance.values.allSatisfy { $0 >= 0 }
                    ? nil : "mean and variance are to be finite, and variances not negative")
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    /// Nil before the layer is built, or if it was given.
    public private(set) var mean: Parameter?
    /// Nil before the layer is built, or if it was given.
    public private(set) var variance: Parameter?

    /// - Parameters:
    ///   - axis: the axis along which every place has a mean of its own, the batch's counted as 0; nil: one mean for all.
    ///   - mean: what to subtract, for layers that are not adapted; given with `variance`.
    ///   - invert: whether the layer undoes what one that is not inverted does.
    ///
    /// Traps if one of mean and variance is missing, or if they differ in shape.
    public convenience init(
        axis: Int? = -1, mean: NumberArray? = nil, variance: NumberArray? = nil, invert: Bool = false,
        name: String? = nil
    ) {
        self.init(axes: axis.map { [$0] } ?? [], mean: mean, variance: variance, invert: invert, name: name)
    }

    /// As the other, with a mean for each place along several axes.
    public convenience init(
        axes: [Int], mean: NumberArray? = nil, variance: NumberArray? = nil, invert: Bool = false,
        name: String? = nil
    ) {
        self.init(
            configuration: Configuration(axis: axes, invert: invert, mean: mean, variance: variance),
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    /// The axes that keep their means apart, in order, of batches of this rank; nil if there is one that they lack.
    private func keptAxes(rank: Int) -> [Int]? {
        let axes = Set(configuration.axis.map { $0 < 0 ? $0 + rank : $0 }).sorted()
        return axes.count == configuration.axis.count && axes.allSatisfy { $0 >= 1 && $0 < rank } ? axes : nil
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        guard let axes = keptAxes(rank: shapes[0].rank + 1) else {
            return
                "axes \(configuration.axis) are none of samples of shape \(shapes[0]), whose batch is axis 0"
        }
        let sizes = axes.map { shapes[0][$0 - 1] }
        if let mean = configuration.mean {
            let fits = zip(mean.sizes.reversed(), sizes.reversed()).allSatisfy { $0 == $1 || $0 == 1 }
            if !fits { return "mean has shape \(mean.sizes), expected one that broadcasts to \(sizes)" }
        } else if let built = self.mean, built.shape.sizes != sizes {
            return
                "samples of shape \(shapes[0]) have \(sizes) means, expected the \(built.shape) that it has"
        }
        return nil
    }

    public override func build(inputShape: Shape, generator: inout RandomGenerator) {
        guard configuration.mean == nil, let axes = keptAxes(rank: inputShape.rank + 1) else { return }
        let shape = Shape(axes.map { inputShape[$0 - 1] })
        mean = addParameter(
            "mean", shape: shape, initializer: .zeros, isLearned: false, generator: &generator)
        variance = addParameter(
            "variance", shape: shape, initializer: .ones, isLearned: false, generator: &generator)
        _ = addParameter(
            "count", shape: [], initializer: .zeros, dtype: .int32, isLearned: false, generator: &generator)
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let input = input.dtype == dtype ? input : Variable(input.value.cast(to: dtype))
        let (mean, variance) = statistics(rank: input.shape.rank)
        let deviation = variance.sqrt().maximum(Tensor([1e-7], shape: [], dtype: dtype))
        return configuration.invert ? input * deviation + mean : (input - mean) / deviation
    }

    /// Means and variances with an axis for each of the batch's.
    private func statistics(rank: Int) -> (mean: Tensor, variance: Tensor) {
        guard let axes = keptAxes(rank: rank) else { fail("\(label): the input has \(rank) axes") }
        if let mean = configuration.mean, let variance = configuration.variance {
            var sizes = [Int](repeating: 1, count: rank)
            for (axis, size) in zip(axes.reversed(), mean.sizes.reversed()) { sizes[axis] = size }
            func tensor(_ numbers: NumberArray) -> Tensor {
                Tensor(numbers.values, shape: Shape(sizes), dtype: dtype)
            }
            return (tensor(mean), tensor(variance))
        }
        let (mean, variance) = (built(mean).value, built(variance).value)
        var sizes = [Int](repeating: 1, count: rank)
        for (axis, size) in zip(axes, mean.shape.sizes) { sizes[axis] = size }
        return (mean.reshaped(to: Shape(sizes)), variance.reshaped(to: Shape(sizes)))
    }

    // MARK: Adapting

    /// Takes means and variances from the batches, which are passed twice. Builds the layer if that has not happened.
    ///
    /// Traps if there are no samples, or if the layer was given its means.
    public func adapt(forEachBatch: (_ body: (Tensor) -> Void) -> Void) {
        require(
            configuration.mean == nil,
            "\(label): adapt was called, but its mean and variance were given; leave them out to adapt it")
        var sums: Sums?
        forEachBatch { batch in
            if !isBuilt {
                require(batch.rank >= 1, "\(label): adapt got a scalar, expected samples [batch, …]")
                // Nothing is drawn.
                var generator = RandomGenerator(seed: 0)
                buildIfNeeded(inputShape: batch.shape.droppingFirst(), generator: &generator)
            }
            if let fault = fault(ofInputs: [batch.shape.droppingFirst()]) { fail("\(label): \(fault)") }
            if sums == nil { sums = Sums(count: built(mean).shape.count) }
            forEachElement(of: batch) { sums?.add($0, to: $1) }
        }
        guard let sums, sums.number > 0 else { fail("\(label): adapt got no samples, expected at least one") }
        let number = Double(sums.number / sums.count)
        let means = sums.totals.map { $0 / number }
        var squares = Sums(count: sums.count)
        forEachBatch { batch in
            forEachElement(of: batch) { value, place in
                let difference = value - means[place]
                squares.add(difference * difference, to: place)
            }
        }
        func set(_ parameter: Parameter?, _ values: [Double]) {
            let parameter = built(parameter)
            parameter.value = Tensor(values, shape: parameter.shape, dtype: parameter.dtype)
        }
        set(mean, means)
        set(variance, squares.totals.map { $0 / number })
    }

    /// Calls `body` with each element and the number of its mean.
    private func forEachElement(of batch: Tensor, _ body: (_ value: Double, _ place: Int) -> Void) {
        guard let axes = keptAxes(rank: batch.rank) else { return }
        let sizes = axes.map { batch.shape[$0] }
        // How far the mean's number moves for a step along each axis.
        var steps = [Int](repeating: 0, count: batch.rank)
        for (axis, step) in zip(axes, Shape(sizes).strides) { steps[axis] = step }
        let elements = batch.cast(to: .float64).elements(as: Double.self)
        var (index, place) = ([Int](repeating: 0, count: batch.rank), 0)
        for value in elements {
            body(value, place)
            var axis = batch.rank - 1
            while axis >= 0 {
                index[axis] += 1
                place += steps[axis]
                if index[axis] < batch.shape.sizes[axis] { break }
                place -= steps[axis] * index[axis]
                index[axis] = 0
                axis -= 1
            }
        }
    }

    /// Sums that keep what rounding takes away (Neumaier 1974, doi:10.1002/zamm.19740540106).
    private struct Sums {
        private var sums: [Double]
        private var corrections: [Double]
        private(set) var number = 0

        init(count: Int) {
            sums = [Double](repeating: 0, count: count)
            corrections = sums
        }

        var count: Int { sums.count }
        var totals: [Double] { zip(sums, corrections).map { $0 + $1 } }

        mutating func add(_ value: Double, to place: Int) {
            let (old, new) = (sums[place], sums[place] + value)
            corrections[place] += abs(old) >= abs(value) ? (old - new) + value : (value - new) + old
            sums[place] = new
            number += 1
        }
    }
}
