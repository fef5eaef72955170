import CitiusKernels
import CitiusTensor

/// The mean of one number per sample: Σ wᵢ·vᵢ / Σ wᵢ, 0 before anything was taken in.
///
/// ```swift
/// let confidence = Mean(name: "confidence") { predictions, _ in predictions.max(axes: [-1]) }
/// ```
open class Mean: Metric {
    private var total = CompensatedSum()
    private var totalWeight = CompensatedSum()
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

    /// Takes in numbers `[batch, …]`, with a weight for each sample, or for each step `[batch, steps]` of each.
    ///
    /// Traps if the weights do not fit.
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
        totalWeight += expanded.sum().scalar * Double(numbers.count / max(1, expanded.count))
    }

    /// Takes in one number.
    public func add(_ value: Double, weight: Double = 1) {
        total += value * weight
        totalWeight += weight
    }

    open override var result: Double { totalWeight.value == 0 ? 0 : total.value / totalWeight.value }

    /// The weight of everything taken in.
    final var weight: Double { totalWeight.value }

    /// The sums so far.
    open override var state: [Tensor] {
        get { [Tensor([total.sum, total.rest, totalWeight.sum, totalWeight.rest])] }
        set {
            guard let sums = newValue.first, sums.dtype == .float64, sums.count == 4 else { return reset() }
            let parts = sums.elements(as: Double.self)
            total = CompensatedSum(sum: parts[0], rest: parts[1])
            totalWeight = CompensatedSum(sum: parts[2], rest: parts[3])
        }
    }

    open override func reset() { (total, totalWeight) = (CompensatedSum(), CompensatedSum()) }
}

/// A sum that keeps what rounding takes from it (Neumaier 1974, doi:10.1002/zamm.19740540106), so that it is exact to
/// double rounding however many terms there are.
struct CompensatedSum {
    var sum = 0.0
    var rest = 0.0

    var value: Double { sum + rest }

    static func += (a: inout CompensatedSum, term: Double) {
        let next = a.sum + term
        // What is no number, or infinite, has no rest.
        if next.isFinite { a.rest += abs(a.sum) >= abs(term) ? (a.sum - next) + term : (term - next) + a.sum }
        a.sum = next
    }
}
