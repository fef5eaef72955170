import CitiusKernels
import CitiusTensor

/// The mean of one number per sample: Σ wᵢ·vᵢ / Σ wᵢ, 0 before anything was taken in.
///
/// ```swift
/// let confidence = Mean(name: "confidence") { predictions, _ in predictions.max(axes: [-1]) }
/// ```
open class Mean: Metric {
    private var total = 0.0
    private var totalWeight = 0.0
    private let values: (Tensor, Tensor) -> Tensor

    /// - Parameter values: from predictions and targets of a batch to numbers (or truth values, which count
    ///   as 0 and 1) `[batch, …]`.
    public init(
        name: String, goal: Goal? = nil,
        of values: @escaping (_ predictions: Tensor, _ targets: Tensor) -> Tensor
    ) {
        self.values = values
        super.init(name: name, goal: goal)
    }

    /// A mean to which values are added by hand.
    public convenience init(name: String = "mean") {
        self.init(name: name) { predictions, _ in predictions }
    }

    open override func update(predictions: Tensor, targets: Tensor, weights: Tensor? = nil) {
        add(values(predictions, targets), weights: weights)
    }

    /// Takes in numbers `[batch, …]`, with a weight for each sample.
    ///
    /// Traps if there is not one weight for each sample.
    public func add(_ values: Tensor, weights: Tensor? = nil) {
        if weights == nil && values.dtype == .bool {
            total += values.withElements { (truths: UnsafePointer<Bool>) in
                (0..<values.count).reduce(0) { truths[$1] ? $0 + 1 : $0 }
            }
            totalWeight += Double(values.count)
            return
        }
        let numbers = values.dtype == .float64 ? values : values.cast(to: .float64)
        guard let weights, numbers.rank > 0 else {
            total += numbers.sum().scalar
            totalWeight += Double(numbers.count)
            return
        }
        let expanded = Weighting.expanded(weights, to: numbers)
        total += (numbers * expanded).sum().scalar
        totalWeight += expanded.sum().scalar * Double(numbers.count / max(1, numbers.shape[0]))
    }

    /// Takes in one number.
    public func add(_ value: Double, weight: Double = 1) {
        total += value * weight
        totalWeight += weight
    }

    open override var result: Double { totalWeight == 0 ? 0 : total / totalWeight }

    /// The sums so far.
    open override var state: [Tensor] {
        get { [Tensor([total, totalWeight] as [Double])] }
        set {
            guard let sums = newValue.first?.elements(as: Double.self), sums.count == 2 else {
                return reset()
            }
            (total, totalWeight) = (sums[0], sums[1])
        }
    }

    open override func reset() { (total, totalWeight) = (0, 0) }
}
