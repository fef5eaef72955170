import CitiusTensor

extension [String: Tensor] {
    /// The weights of several models, as a technique's state.
    init(savingModels models: [[Tensor]]) {
        self = ["count": Tensor(Int64(models.count))]
        for (number, weights) in models.enumerated() {
            for (index, tensor) in weights.enumerated() { self["\(number)/\(index)"] = tensor }
        }
    }

    /// The weights of at most so many models, from a technique's state.
    ///
    /// - Parameters:
    ///   - own: the model's weights, whose types and shapes they have.
    ///   - what: what messages call them.
    func savedModels(like own: [Tensor], atMost limit: Int, _ what: String) throws(TechniqueError)
        -> [[Tensor]]
    {
        let count = try savedCount("count")
        guard count <= limit else {
            throw TechniqueError("there are \(count) \(what) in the backup, expected at most \(limit)")
        }
        var models: [[Tensor]] = []
        for number in 0..<count {
            var weights: [Tensor] = []
            for (index, tensor) in own.enumerated() {
                weights.append(try saved("\(number)/\(index)", tensor.dtype, tensor.shape))
            }
            models.append(weights)
        }
        return models
    }
}

/// The running mean of models' weights. Tensors of real numbers are averaged, others are those of the last model.
struct WeightAverage {
    private(set) var weights: [Tensor] = []
    private(set) var count = 0

    /// Takes weights in: mean ← mean + (weights − mean) · fraction.
    mutating func add(_ new: [Tensor], fraction: Double) {
        count += 1
        guard !weights.isEmpty else {
            weights = new
            return
        }
        for index in new.indices {
            guard new[index].dtype.isFloatingPoint else {
                weights[index] = new[index]
                continue
            }
            weights[index] *= 1 - fraction
            weights[index] += new[index] * fraction
        }
    }

    /// Takes weights in that count as much as each before.
    mutating func add(_ new: [Tensor]) { add(new, fraction: 1 / Double(count + 1)) }

    var state: [String: Tensor] {
        var state = ["count": Tensor(Int64(count))]
        for (index, tensor) in weights.enumerated() { state["weights/\(index)"] = tensor }
        return state
    }

    init() {}

    init(_ state: [String: Tensor], like own: [Tensor]) throws(TechniqueError) {
        count = try state.savedCount("count")
        weights = []
        guard count > 0 else { return }
        for (index, tensor) in own.enumerated() {
            weights.append(try state.saved("weights/\(index)", tensor.dtype, tensor.shape))
        }
    }
}
