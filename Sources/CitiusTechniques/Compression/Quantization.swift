import CitiusAutograd
import CitiusKernels
import CitiusLayers
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// How the range of an activation follows from those that calibration saw.
public enum Calibration: Sendable, Hashable {
    /// From the least to the greatest number.
    case minMax
    /// As far as leaves out a fraction of the numbers at each end: outliers would make the steps of all others coarse.
    case percentile(Double)
}

extension Model {
    /// A model whose dense layers and convolutions compute in whole numbers: faster inference, a quarter of the memory, a
    /// little less exact.
    ///
    /// ```swift
    /// import CitiusTechniques
    ///
    /// let small = try model.quantized(calibratedOn: training.inputs)
    /// try small.save(to: "small.safetensors")
    /// ```
    ///
    /// Some hundred samples are passed through the model, to see in which range the inputs of its layers lie. Batch
    /// normalizations are folded, what only training needs (dropout, noise) is left out, and each `Dense` and `Conv2D`
    /// becomes a `QuantizedDense` or `QuantizedConv2D`, with what follows it: an activation, a max-pool of 2×2. These hand
    /// each other codes of one byte; where a layer of another kind reads, they give numbers. The weights are of signed
    /// bytes with a scale for each output channel; see `QuantizedDense` for the arithmetic.
    ///
    /// Grouped convolutions, layers that are called several times and sums of more than 65,536 products stay as they are.
    /// The new model shares nothing with this one, is not compiled, and what is quantized of it is not trained.
    ///
    /// (Jacob et al. 2018, arXiv 1712.05877. Keras's `Model.quantize("int8")` finds the inputs' ranges anew for each
    /// sample instead, and computes no activation or pool in whole numbers.)
    ///
    /// - Parameters:
    ///   - inputs: samples such as those that the model is to be used on, `[samples, …]`; the first `samples` of them.
    ///   - calibration: how ranges follow from them.
    ///   - samples: how many are looked at.
    /// - Throws: a `CompressionError` if no layer can be quantized, or if an activation is infinite or NaN; a `SavingError`
    ///   if the model has no graph, or if a layer does not describe itself; a `TrainingError` if the samples do not fit.
    ///
    /// Traps if a percentile is not above 50 and up to 100.
    public final func quantized(
        calibratedOn inputs: Tensor, calibration: Calibration = .minMax, samples: Int = 1_024
    ) throws -> Model {
        try quantized(calibratedOn: [inputs], calibration: calibration, samples: samples)
    }

    /// The same for a model of several inputs, of which samples of each are given.
    public final func quantized(
        calibratedOn inputs: [Tensor], calibration: Calibration = .minMax, samples: Int = 1_024
    ) throws -> Model {
        if case .percentile(let percentile) = calibration {
            require(
                percentile > 50 && percentile <= 100,
                "quantized: the percentile is \(percentile), expected above 50 and up to 100")
        }
        let rewriting = try GraphRewriting(folded())
        let plan = QuantizationPlan(rewriting)
        guard !plan.groups.isEmpty else {
            throw CompressionError("quantized: \(label) has no Dense and no Conv2D that can be quantized")
        }
        let ranges = try plan.ranges(
            over: inputs.map { $0.sliced(0..<min(max(samples, 0), $0.shape[0]), axis: 0) },
            calibration: calibration)
        return try plan.drawn(ranges)
    }
}

/// Which calls of a graph become layers of whole numbers, and where these hand each other codes.
private struct QuantizationPlan {
    /// A product and what is computed in its pass.
    struct Group {
        /// The number of the product's call and of the last that belongs to it.
        let head: Int
        var last: Int
        var activation: ActivationFunction
        var maxPools = false
    }

    let rewriting: GraphRewriting
    /// By the number of the product's call.
    private(set) var groups: [Int: Group] = [:]
    /// The calls that a group's head computes, and those that only training needs.
    private var absorbed: Set<Int> = []

    init(_ rewriting: GraphRewriting) {
        self.rewriting = rewriting
        for (number, call) in rewriting.calls.enumerated() {
            guard !absorbed.contains(number) else { continue }
            if call.layer.isIdentityInInference, call.unary != nil {
                absorbed.insert(number)
            } else if let group = group(at: number) {
                groups[number] = group
            }
        }
    }

    private mutating func group(at number: Int) -> Group? {
        let call = rewriting.calls[number]
        guard let value = call.unary?.input, rewriting.isCalledOnce(call.layer),
            call.layer.activityRegularizer == nil, call.layer.isBuilt,
            let activation = call.layer.quantizableActivation(of: rewriting.shape(of: value))
        else { return nil }
        var group = Group(head: number, last: number, activation: activation)
        let isConvolution = call.layer is Conv2D
        var epilogue = activation.clamp.map { Epilogue(clamp: $0) }
        while let soFar = epilogue, let next = rewriting.onlyReader(of: output(of: group)),
            case let layer = rewriting.calls[next].layer, rewriting.isCalledOnce(layer),
            layer.activityRegularizer == nil
        {
            if layer.isIdentityInInference {
                absorbed.insert(next)
                group.last = next
                continue
            }
            guard let stage = (layer as? any EpilogueStage)?.stage, let longer = soFar.followed(by: stage),
                let clamp = ActivationFunction.of(longer.clamp)
            else { break }
            if let pool = longer.pool {
                guard isConvolution, pool == PoolWindow(2) else { break }
            }
            (group.activation, group.maxPools) = (clamp, longer.pool != nil)
            absorbed.insert(next)
            group.last = next
            epilogue = longer
        }
        return group
    }

    private func output(of group: Group) -> Int { rewriting.calls[group.last].outputs.lowerBound }

    // MARK: Ranges

    /// The value whose elements a value has, perhaps in another shape.
    private func source(of value: Int) -> Int {
        var value = value
        while let giver = rewriting.givers[value], let unary = rewriting.calls[giver].unary,
            rewriting.calls[giver].layer.keepsElements
        {
            value = unary.input
        }
        return value
    }

    /// The value that a group's product reads.
    private func input(of group: Group) -> Int { source(of: rewriting.calls[group.head].inputs[0]) }

    /// The ranges of what products read, by value.
    func ranges(over inputs: [Tensor], calibration: Calibration) throws -> [Int: QuantizationRange] {
        let values = Set(groups.values.map { input(of: $0) }).sorted()
        let model = rewriting.model(giving: values)
        let count = inputs.first?.shape.sizes.first ?? 0
        guard count > 0 else { throw CompressionError("quantized: there are no samples to calibrate on") }
        func passes(_ body: (_ index: Int, _ elements: [Float]) throws -> Void) throws {
            for first in stride(from: 0, to: count, by: 128) {
                let batch = inputs.map { $0.sliced(first..<min(first + 128, count), axis: 0) }
                for (index, output) in try model.predictOnBatch(batch).enumerated() {
                    try body(index, output.cast(to: .float32).elements(as: Float.self))
                }
            }
        }
        var bounds = values.map { _ in (least: Float.infinity, greatest: -Float.infinity) }
        try passes { index, elements in
            for element in elements {
                guard element.isFinite else {
                    throw CompressionError(
                        "quantized: among the samples' activations is \(element); is the model trained?")
                }
                bounds[index].least = min(bounds[index].least, element)
                bounds[index].greatest = max(bounds[index].greatest, element)
            }
        }
        if case .percentile(let percentile) = calibration {
            var histograms = bounds.map { ActivationHistogram(from: $0.least, to: $0.greatest) }
            try passes { index, elements in
                for element in elements { histograms[index].add(element) }
            }
            bounds = histograms.map { $0.bounds(leavingOut: 1 - percentile / 100) }
        }
        return Dictionary(
            uniqueKeysWithValues: zip(
                values,
                bounds.map { QuantizationRange(from: Double($0.least), to: Double($0.greatest)) }))
    }

    // MARK: Drawing

    /// Whether all that reads a value, in whatever shape, are products of whole numbers.
    private func isReadAsCodes(_ value: Int) -> Bool {
        guard !rewriting.isOutput(value), let readers = rewriting.readers[value] else { return false }
        return readers.allSatisfy { number in
            if groups[number] != nil { return true }
            let call = rewriting.calls[number]
            return call.layer.keepsElements && call.unary.map { isReadAsCodes($0.output) } == true
        }
    }

    func drawn(_ ranges: [Int: QuantizationRange]) throws -> Model {
        for group in groups.values {
            let layer = rewriting.calls[group.head].layer
            guard let input = ranges[input(of: group)] else { fail("quantized: no range was found") }
            let givesCodes = group.activation.clamp != nil && isReadAsCodes(output(of: group))
            let output = givesCodes ? ranges[source(of: self.output(of: group))] : nil
            let replacement: Layer
            switch layer {
            case let layer as Dense:
                var configuration = layer.configuration
                configuration.activation = group.activation
                replacement = QuantizedDense(
                    configuration: .init(configuration, input: input, output: output))
            case let layer as Conv2D:
                replacement = QuantizedConv2D(
                    configuration: .init(
                        layer.configuration, activation: group.activation, maxPools: group.maxPools,
                        input: input, output: output))
            default: fail("quantized: \(layer.label) is no product")
            }
            rewriting.take(replacement, for: layer)
            let values = layer.parameters.map { $0.value.cast(to: .float32) }
            let (bytes, scales) = try Self.quantized(values[0], of: layer)
            rewriting.set([bytes, scales] + values.dropFirst(), of: replacement)
        }
        return try rewriting.drawn { number, call, inputs in
            absorbed.contains(number) ? inputs : try rewriting.copy(call.layer).outputs(of: inputs)
        }
    }

    /// A kernel [.., outputs] in signed bytes, −127 to 127, and what a step of each output's stands for.
    private static func quantized(_ kernel: Tensor, of layer: Layer) throws -> (Tensor, Tensor) {
        let outputs = kernel.shape[-1]
        let values = kernel.elements(as: Float.self)
        var largest = [Float](repeating: 0, count: outputs)
        for (index, value) in values.enumerated() {
            guard value.isFinite else {
                throw CompressionError("quantized: the kernel of \(layer.label) holds \(value)")
            }
            largest[index % outputs] = max(largest[index % outputs], abs(value))
        }
        let scales = largest.map { $0 > 1e-30 ? $0 / 127 : 1 }
        let bytes = values.enumerated().map { index, value in
            Int8((value / scales[index % outputs]).rounded(.toNearestOrEven))
        }
        return (Tensor(bytes, shape: kernel.shape), Tensor(scales))
    }
}

/// How often numbers lie in each of 2,048 equal parts of a range.
private struct ActivationHistogram {
    private let least: Float
    private let width: Float
    private var counts = [Int](repeating: 0, count: 2_048)

    init(from least: Float, to greatest: Float) {
        self.least = least
        width = max((greatest - least) / 2_048, .leastNormalMagnitude)
    }

    mutating func add(_ number: Float) {
        counts[min(max(Int((number - least) / width), 0), counts.count - 1)] += 1
    }

    /// The bounds beyond which a fraction of the numbers lies, at each end.
    func bounds(leavingOut fraction: Double) -> (least: Float, greatest: Float) {
        let allowed = Int(Double(counts.reduce(0, +)) * fraction)
        func bins(_ counts: some Sequence<Int>) -> Int {
            var sum = 0
            return counts.prefix { count in
                sum += count
                return sum <= allowed
            }.count
        }
        let (below, above) = (bins(counts), bins(counts.reversed()))
        return (
            least + Float(below) * width, least + Float(counts.count - above) * width
        )
    }
}

extension Layer {
    /// Whether the layer changes nothing outside of training.
    var isIdentityInInference: Bool {
        switch self {
        case is Dropout, is SpatialDropout, is GaussianDropout, is GaussianNoise, is AlphaDropout,
            is Identity,
            is ActivityRegularization:
            true
        default: false
        }
    }

    /// Whether the output has the input's elements, in their order, whatever they are.
    fileprivate var keepsElements: Bool { self is Flatten || self is Reshape || isIdentityInInference }

    /// The activation of a layer that computes in whole numbers for samples of this shape; nil for others.
    fileprivate func quantizableActivation(of sample: Shape) -> ActivationFunction? {
        switch self {
        case let layer as Dense:
            sample[-1] <= QuantizedDense.inputLimit ? layer.configuration.activation : nil
        case let layer as Conv2D:
            layer.configuration.groups == 1
                && QuantizedConv2D.takes(layer.configuration, channels: sample[2])
                ? layer.configuration.activation : nil
        default: nil
        }
    }
}

extension ActivationFunction {
    /// The library's function that is a clamp; nil if none is.
    fileprivate static func of(_ clamp: Clamp) -> ActivationFunction? {
        [ActivationFunction.linear, .relu, .relu6].first { $0.clamp == clamp }
    }
}
