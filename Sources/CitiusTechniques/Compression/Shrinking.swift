import CitiusLayers
import CitiusModels
import CitiusPlatform
import CitiusTensor

extension Model {
    /// A smaller model, without the channels of the least weight: convolutions with fewer filters, dense layers with fewer
    /// units, and all that reads them without what it made of those.
    ///
    /// A channel's weight is the sum of the magnitudes in the kernel that makes it, Σ|w| (Li et al. 2017, arXiv 1608.08710);
    /// where an `Add` joins channels, those of all kernels together, since they stay or go together. Of each layer the
    /// heaviest stay.
    ///
    /// ```swift
    /// import CitiusTechniques
    ///
    /// let smaller = try model.shrunk(keeping: 0.5)
    /// smaller.compile(optimizer: Adam(learningRate: 1e-3), loss: .sparseCategoricalCrossentropy)
    /// try smaller.fit(training, epochs: 2)
    /// ```
    ///
    /// Channels are removed through batch normalizations, activations and other functions of single elements, pools,
    /// depthwise convolutions, paddings, `Add`, dropout, `Flatten`, `Dense` and `Conv2D`. A layer whose channels reach one
    /// of another kind, or an output of the model, keeps them all. The new model shares nothing with this one, its layers
    /// have the old ones' names, and it is not compiled.
    ///
    /// - Parameters:
    ///   - fraction: of the channels of each layer that stay, above 0 and up to 1.
    ///   - multiple: the number that stays is rounded up to a multiple of this where there are so many; kernels compute
    ///     eight or sixteen channels at once.
    ///   - isShrunk: whether a layer may lose channels; by default each.
    /// - Throws: a `CompressionError` if no channel can go; a `SavingError` if the model has no graph, or if a layer does not
    ///   describe itself.
    ///
    /// Traps if the fraction is out of range or the multiple is not positive.
    public final func shrunk(
        keeping fraction: Double, multiple: Int = 8, where isShrunk: (Layer) -> Bool = { _ in true }
    ) throws -> Model {
        require(
            fraction > 0 && fraction <= 1, "shrunk: the fraction is \(fraction), expected above 0 and up to 1"
        )
        require(multiple > 0, "shrunk: the multiple is \(multiple), expected a positive number")
        let rewriting = try GraphRewriting(self)
        let channels = ChannelGroups(rewriting, isShrunk: isShrunk)
        let kept = channels.kept { weights in
            let wanted = Int((Double(weights.count) * fraction).rounded(.up))
            let count = min(weights.count, (wanted + multiple - 1) / multiple * multiple)
            // Of equal ones the first; in their order.
            return weights.indices.sorted { (-weights[$0], $0) < (-weights[$1], $1) }.prefix(count).sorted()
        }
        guard !kept.isEmpty else {
            throw CompressionError(
                "shrunk: no layer of \(label) has channels that can go, \(fraction) of them rounded up to a multiple of "
                    + "\(multiple) being less than there are")
        }
        return try channels.drawn(keeping: kept)
    }
}

/// The channels of a graph's values: which are the same ones, and where they are made and read.
final class ChannelGroups {
    private let rewriting: GraphRewriting
    /// By value, the group of its channels, after `root`; the last axis is made of them.
    private var groupOfValue: [Int: Int] = [:]
    /// By value, how many elements of the last axis each channel has: more than one behind a `Flatten`, where channel c is
    /// at every position's c.
    private var positions: [Int: Int] = [:]
    private var parents: [Int] = []
    private var sizes: [Int] = []
    /// Groups of which no channel goes.
    private var fixed: Set<Int> = []
    /// By group, the layers whose kernels make the channels.
    private var makers: [(group: Int, layer: Layer)] = []

    init(_ rewriting: GraphRewriting, isShrunk: (Layer) -> Bool) {
        self.rewriting = rewriting
        for call in rewriting.calls {
            let inputs = call.inputs
            guard let unary = call.unary, rewriting.isCalledOnce(call.layer) else {
                if call.layer is Add, call.outputs.count == 1, rewriting.isCalledOnce(call.layer),
                    join(inputs, call.outputs.lowerBound)
                {
                    continue
                }
                fix(inputs)
                continue
            }
            switch call.layer.channelRole {
            case .makes:
                // An activation over channels, softmax, needs all of them.
                let group = add(size: call.shapes[0][-1])
                groupOfValue[unary.output] = group
                positions[unary.output] = 1
                makers.append((group, call.layer))
                if !isShrunk(call.layer) || !call.layer.activationIsElementwise
                    || call.layer.activityRegularizer != nil
                {
                    fixed.insert(group)
                }
                if positions[unary.input, default: 1] != 1 && !(call.layer is Dense) { fix(inputs) }
            case .passes:
                groupOfValue[unary.output] = groupOfValue[unary.input]
                positions[unary.output] = positions[unary.input]
                let readsImages = rewriting.shape(of: unary.input).rank > 1
                if !readsImages, positions[unary.input, default: 1] != 1, !call.layer.ownParameters.isEmpty {
                    fix(inputs)
                }
            case .flattens:
                let shape = rewriting.shape(of: unary.input)
                groupOfValue[unary.output] = groupOfValue[unary.input]
                positions[unary.output] =
                    positions[unary.input].map { $0 * (shape.count / max(1, shape[-1])) }
            case .unknown: fix(inputs)
            }
        }
        for (value, _) in groupOfValue where rewriting.isOutput(value) { fix([value]) }
    }

    private func add(size: Int) -> Int {
        parents.append(parents.count)
        sizes.append(size)
        return parents.count - 1
    }

    private func root(_ group: Int) -> Int {
        var group = group
        while parents[group] != group { group = parents[group] }
        return group
    }

    private func fix(_ values: [Int]) {
        for value in values {
            if let group = groupOfValue[value] { fixed.insert(root(group)) }
        }
    }

    private func isFixed(_ group: Int) -> Bool { fixed.contains { root($0) == group } }

    /// Joins the channels of values that are added up. False where they do not lie alike.
    private func join(_ inputs: [Int], _ output: Int) -> Bool {
        let shapes = inputs.map { rewriting.shape(of: $0) }
        guard shapes.allSatisfy({ $0 == shapes[0] }),
            Set(inputs.map { positions[$0] }).count == 1, inputs.allSatisfy({ groupOfValue[$0] != nil })
        else { return false }
        let groups = inputs.compactMap { groupOfValue[$0].map { root($0) } }
        for group in groups { parents[root(group)] = root(groups[0]) }
        groupOfValue[output] = groups[0]
        positions[output] = positions[inputs[0]]
        return true
    }

    /// The layers whose channels may be others in number.
    var freeMakers: [Layer] { makers.filter { !isFixed(root($0.group)) }.map { $0.layer } }

    /// By group, the channels that stay, of those that lose some.
    func kept(_ choose: (_ weights: [Double]) -> [Int]) -> [Int: [Int]] {
        var result: [Int: [Int]] = [:]
        for group in Set(parents.indices.map { root($0) }) where !isFixed(group) {
            var weights = [Double](repeating: 0, count: sizes[group])
            for (maker, layer) in makers where root(maker) == group {
                guard let kernel = layer.parameters.first?.value else { continue }
                let magnitudes = kernel.cast(to: .float64).elements(as: Double.self)
                for (index, weight) in magnitudes.enumerated() {
                    weights[index % weights.count] += abs(weight)
                }
            }
            let channels = choose(weights)
            if !channels.isEmpty && channels.count < weights.count { result[group] = channels }
        }
        return result
    }

    // MARK: Drawing

    /// The places along a value's last axis that stay; nil if all do.
    private func places(of value: Int, _ kept: [Int: [Int]]) -> [Int]? {
        guard let group = groupOfValue[value].map({ root($0) }), let channels = kept[group] else {
            return nil
        }
        return (0..<positions[value, default: 1]).flatMap { position in
            channels.map { position * sizes[group] + $0 }
        }
    }

    func drawn(keeping kept: [Int: [Int]]) throws -> Model {
        try rewriting.drawn { _, call, inputs in
            if let unary = call.unary, rewriting.replacement(of: call.layer) == nil {
                let (read, given) = (places(of: unary.input, kept), places(of: unary.output, kept))
                if read != nil || given != nil {
                    try shrink(call.layer, reading: read, giving: given)
                }
            }
            return try rewriting.copy(call.layer).outputs(of: inputs)
        }
    }

    /// Has a layer without the weights of channels that go stand for a layer.
    private func shrink(_ layer: Layer, reading read: [Int]?, giving given: [Int]?) throws {
        let parameters = layer.parameters.map { $0.value }
        switch layer.channelRole {
        case .makes:
            let replacement = layer.with(outputs: given?.count)
            rewriting.take(replacement, for: layer)
            let kernel = parameters[0].kept(read, axis: -2).kept(given, axis: -1)
            rewriting.set([kernel] + parameters.dropFirst().map { $0.kept(given, axis: -1) }, of: replacement)
        case .passes where !parameters.isEmpty:
            let replacement = try layer.copied()
            rewriting.take(replacement, for: layer)
            // A depthwise kernel is [height, width, channels, 1].
            rewriting.set(
                parameters.map { $0.kept(read, axis: $0.rank == 4 ? 2 : -1) }, of: replacement)
        default: break
        }
    }
}

extension Tensor {
    fileprivate func kept(_ places: [Int]?, axis: Int) -> Tensor {
        places.map { taking(Tensor($0.map { Int32($0) }), axis: axis) } ?? self
    }
}

/// What a layer does with the channels of its input.
private enum ChannelRole {
    /// It makes others of them.
    case makes
    /// It hands each on, apart from the others.
    case passes
    /// It lays the channels of all positions one after the other.
    case flattens
    case unknown
}

extension Layer {
    fileprivate var channelRole: ChannelRole {
        switch self {
        case is Dense: .makes
        case let layer as Conv2D: layer.configuration.groups == 1 ? .makes : .unknown
        case let layer as DepthwiseConv2D:
            layer.configuration.depthMultiplier == 1 && activationIsElementwise ? .passes : .unknown
        case let layer as BatchNormalization: layer.configuration.axis == -1 ? .passes : .unknown
        case let layer as Activation:
            layer.configuration.activation.isElementwise ? .passes : .unknown
        case is ReLU, is LeakyReLU, is ELU, is MaxPooling2D, is AveragePooling2D, is GlobalMaxPooling2D,
            is GlobalAveragePooling2D, is ZeroPadding2D, is Cropping2D, is UpSampling2D:
            .passes
        case is Flatten: .flattens
        case _ where isIdentityInInference: .passes
        default: .unknown
        }
    }

    /// Of a layer that makes channels, how many.
    var outputChannels: Int {
        switch self {
        case let layer as Dense: layer.configuration.units
        case let layer as Conv2D: layer.configuration.filters
        default: 0
        }
    }

    /// Whether the activation computes each element by itself.
    fileprivate var activationIsElementwise: Bool {
        switch self {
        case let layer as Dense: layer.configuration.activation.isElementwise
        case let layer as Conv2D: layer.configuration.activation.isElementwise
        case let layer as DepthwiseConv2D: layer.configuration.activation.isElementwise
        default: true
        }
    }

    /// The same layer with another number of outputs; nil: as many.
    func with(outputs: Int?) -> Layer {
        let replacement: Layer
        switch self {
        case let layer as Dense:
            var configuration = layer.configuration
            configuration.units = outputs ?? configuration.units
            replacement = Dense(configuration: configuration)
        case let layer as Conv2D:
            var configuration = layer.configuration
            configuration.filters = outputs ?? configuration.filters
            replacement = Conv2D(configuration: configuration)
        default: fail("shrunk: \(label) makes no channels")
        }
        replacement.activityRegularizer = activityRegularizer
        return replacement
    }
}
