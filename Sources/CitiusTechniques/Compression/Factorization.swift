import CitiusLayers
import CitiusModels
import CitiusPlatform
import CitiusTensor

extension Model {
    /// A model of which each large dense layer and convolution is two small ones, by the singular values of its kernel.
    ///
    /// A kernel W of [inputs, outputs], a convolution's of [height · width · channels, outputs], is U·diag(σ)·Vᵀ. Its first
    /// r singular values make the best approximation of rank r (Eckart and Young 1936), of which
    ///
    /// ```
    /// energy = Σ over i < r of σᵢ² / Σ over all i of σᵢ²
    /// ```
    ///
    /// is left. In place of x·W it takes x·(U·√σ) and of that the product with √σ·Vᵀ: r · (inputs + outputs) multiplications
    /// in place of inputs · outputs. (Denton et al. 2014, arXiv 1404.0736; for a convolution, r filters of its own size
    /// and then filters of 1×1 as by Jaderberg et al. 2014, arXiv 1405.3866, scheme 1 without its split by channels.)
    ///
    /// ```swift
    /// import CitiusTechniques
    ///
    /// let smaller = try model.factorized(energy: 0.95)
    /// smaller.compile(optimizer: Adam(learningRate: 1e-4), loss: .sparseCategoricalCrossentropy)
    /// try smaller.fit(training, epochs: 1)
    /// ```
    ///
    /// A layer stays as it is if so many singular values would save no multiplications, and if it is grouped. The second of
    /// the two has the layer's name, bias, activation, regularizers and constraints, the first the name with `_factor`
    /// behind. The new model shares nothing with this one and is not compiled: fine-tuning begins with a new optimizer,
    /// since the weights are others.
    ///
    /// - Parameters:
    ///   - energy: what is to be left of each kernel, above 0 and up to 1.
    ///   - isFactorized: whether a layer is, if that saves multiplications; by default each.
    /// - Throws: a `CompressionError` if no layer would be smaller; a `SavingError` if the model has no graph, or if a layer
    ///   does not describe itself; a `LinearAlgebraError` if a kernel holds NaN.
    ///
    /// Traps if the energy is out of range.
    public final func factorized(
        energy: Double, where isFactorized: (Layer) -> Bool = { _ in true }
    ) throws -> Model {
        require(
            energy > 0 && energy <= 1, "factorized: the energy is \(energy), expected above 0 and up to 1")
        let rewriting = try GraphRewriting(self)
        var names = GraphRewriting.Names(rewriting)
        // By the layers, what comes before their replacement.
        var factors: [ObjectIdentifier: Layer] = [:]
        for call in rewriting.calls
        where rewriting.replacement(of: call.layer) == nil && isFactorized(call.layer) {
            guard let kernel = call.layer.factorizableKernel,
                let parts = try LowRank(of: kernel.value, energy: energy)
            else { continue }
            let (first, second) = call.layer.factors(
                rank: parts.rank, firstName: names.name(call.layer.name + "_factor"))
            let bias = call.layer.parameters.dropFirst().map { $0.value }
            rewriting.take(second, for: call.layer)
            if !call.layer.isTrainable { first.isTrainable = false }
            let shapes = call.layer.factorShapes(rank: parts.rank)
            rewriting.set([parts.left.reshaped(to: shapes.first)], of: first)
            rewriting.set([parts.right.reshaped(to: shapes.second)] + bias, of: second)
            factors[ObjectIdentifier(call.layer)] = first
        }
        guard !factors.isEmpty else {
            throw CompressionError(
                "factorized: no layer of \(label) has so few large singular values that \(energy) of its energy "
                    + "would take fewer multiplications")
        }
        return try rewriting.drawn { _, call, inputs in
            let inputs = factors[ObjectIdentifier(call.layer)].map { $0.outputs(of: inputs) } ?? inputs
            return try rewriting.copy(call.layer).outputs(of: inputs)
        }
    }
}

/// A matrix as the product of two of lower rank.
private struct LowRank {
    /// [rows, rank] and [rank, columns]; each has the square roots of the singular values.
    let left: Tensor
    let right: Tensor
    let rank: Int

    /// Of a kernel [.., outputs], taken as a matrix; nil if so low a rank that multiplications are saved does not leave the
    /// energy.
    init?(of kernel: Tensor, energy: Double) throws {
        let (rows, columns) = (kernel.count / max(1, kernel.shape[-1]), kernel.shape[-1])
        guard rows > 0, columns > 0 else { return nil }
        let (u, values, vt) = try kernel.reshaped(to: [rows, columns]).cast(to: .float64).svd()
        let squares = values.elements(as: Double.self).map { $0 * $0 }
        let total = squares.reduce(0, +)
        var sum = 0.0
        var rank = 0
        while rank < squares.count, rank == 0 || sum < energy * total {
            sum += squares[rank]
            rank += 1
        }
        guard rank * (rows + columns) < rows * columns else { return nil }
        let roots = values.sliced(0..<rank, axis: 0).sqrt()
        left = (u.sliced(0..<rank, axis: 1) * roots).cast(to: kernel.dtype)
        right = (vt.sliced(0..<rank, axis: 0) * roots.reshaped(to: [rank, 1])).cast(to: kernel.dtype)
        self.rank = rank
    }
}

extension Layer {
    /// The kernel of a layer that is a product with a matrix.
    fileprivate var factorizableKernel: Parameter? {
        switch self {
        case let layer as Dense: layer.kernel
        case let layer as Conv2D: layer.configuration.groups == 1 ? layer.kernel : nil
        default: nil
        }
    }

    /// The two layers that take this one's place.
    fileprivate func factors(rank: Int, firstName: String) -> (first: Layer, second: Layer) {
        switch self {
        case let layer as Dense:
            let second = Dense(configuration: layer.configuration)
            second.activityRegularizer = activityRegularizer
            return (Dense(rank, useBias: false, name: firstName), second)
        case let layer as Conv2D:
            var first = layer.configuration
            first.filters = rank
            (first.useBias, first.activation) = (false, .linear)
            (first.kernelConstraint, first.biasRegularizer, first.biasConstraint) = (nil, nil, nil)
            var second = layer.configuration
            (second.kernelSize, second.strides, second.dilationRate, second.padding) = (1, 1, 1, .valid)
            let last = Conv2D(configuration: second)
            last.activityRegularizer = activityRegularizer
            return (Conv2D(configuration: first, name: firstName), last)
        default: fail("factorized: \(label) is no product with a matrix")
        }
    }

    fileprivate func factorShapes(rank: Int) -> (first: Shape, second: Shape) {
        guard let kernel = factorizableKernel?.shape else { return ([], []) }
        let first = Shape(kernel.sizes.dropLast() + [rank])
        return kernel.rank == 2
            ? (first, [rank, kernel[-1]]) : (first, [1, 1, rank, kernel[-1]])
    }
}
