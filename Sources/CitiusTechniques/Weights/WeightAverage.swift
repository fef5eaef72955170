import CitiusTensor

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
