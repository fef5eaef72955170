import CitiusKernels
import CitiusTensor

/// The sum of one number per sample, Σ wᵢ·vᵢ: of predictions, or of what a function makes of them. Follows
/// `keras.metrics.Sum`.
///
/// ```swift
/// let overruns = Sum(name: "overruns") { predictions, targets in (predictions - targets).relu() }
/// ```
public final class Sum: Metric, NamedMetric {
    private var total = CompensatedSum()
    private let values: (Tensor, Tensor) -> Tensor

    public static var module: String? { "keras.metrics" }
    public static var aliases: [String] { ["sum"] }

    public convenience init(name: String = "sum") { self.init(name: name) { predictions, _ in predictions } }

    /// - Parameter values: from predictions and targets of a batch to numbers `[batch, …]`.
    public init(
        name: String, goal: Goal? = nil,
        of values: @escaping (_ predictions: Tensor, _ targets: Tensor) -> Tensor
    ) {
        self.values = values
        super.init(name: name, goal: goal)
    }

    public override func update(predictions: Tensor, targets: Tensor, weights: Tensor? = nil) {
        add(values(predictions, targets), weights: weights)
    }

    /// Takes in numbers `[batch, …]`, with a weight for each sample, or for each step `[batch, steps]` of each.
    ///
    /// Traps if the weights do not fit.
    public func add(_ values: Tensor, weights: Tensor? = nil) {
        let numbers = values.converted(to: .float64)
        total += (weights.map { numbers * Weighting.expanded($0, to: numbers) } ?? numbers).sum().scalar
    }

    /// Takes in one number.
    public func add(_ value: Double, weight: Double = 1) { total += value * weight }

    public override var result: Double { total.value }

    /// The sum so far.
    public override var state: [Tensor] {
        get { [Tensor([total.sum, total.rest])] }
        set {
            guard let sums = newValue.first, sums.dtype == .float64, sums.count == 2 else { return reset() }
            let parts = sums.elements(as: Double.self)
            total = CompensatedSum(sum: parts[0], rest: parts[1])
        }
    }

    public override func reset() { total = CompensatedSum() }
}
