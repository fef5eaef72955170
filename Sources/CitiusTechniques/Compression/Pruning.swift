import CitiusAutograd
import CitiusConfiguration
import CitiusLayers
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Makes a growing fraction of the weights 0 during training, those of the least magnitude, and holds them there.
///
/// ```swift
/// import CitiusTechniques
///
/// let pruning = MagnitudePruning(to: 0.8, fromStep: 500, toStep: 4_000)
/// try model.fit(training, epochs: 3, callbacks: [pruning])
/// print(model.sparsity)
/// ```
///
/// The fraction of each kernel that is 0 grows from `initial` to its end by
///
/// ```
/// sparsity(t) = end + (initial − end) · (1 − (t − first) / (last − first))³
/// ```
///
/// fast while the network can make up for what it loses, then more slowly (Zhu and Gupta 2017, arXiv 1710.01878). What is
/// pruned is a parameter's constraint, behind one that it has: however the steps are taken, by whichever optimizer, the
/// weights are 0 after each. Momentum and means of pruned weights stay as they are; they move nothing.
///
/// Kernels are pruned one by one; biases and normalizations' parameters are not. Where zeros alone are to make a network
/// faster they must fill whole channels: see `Model.shrunk(keeping:)`.
public final class MagnitudePruning: Callback {
    /// The fraction of each kernel that is 0 at the end.
    public let sparsity: Double
    public let initial: Double
    public let steps: ClosedRange<Int>
    /// Steps from one pruning to the next.
    public let frequency: Int
    private let isPruned: (Parameter) -> Bool
    private var step = 0

    /// - Parameters:
    ///   - sparsity: the fraction of each kernel that is 0 at the end, 0 to 1.
    ///   - initial: the fraction at the first pruning.
    ///   - first: the training step at which pruning begins.
    ///   - last: the step from which on the fraction is the one of the end.
    ///   - frequency: steps from one pruning to the next.
    ///   - isPruned: whether a parameter is; by default kernels and tables are.
    ///
    /// Traps if a fraction is not in 0...1, if the last step is before the first, or the frequency is not positive.
    public init(
        to sparsity: Double, from initial: Double = 0, fromStep first: Int = 0, toStep last: Int,
        frequency: Int = 100, where isPruned: @escaping (Parameter) -> Bool = { $0.shape.rank >= 2 }
    ) {
        require(
            (0...1).contains(sparsity) && (0...1).contains(initial),
            "MagnitudePruning: the fractions are \(initial) and \(sparsity), expected 0 to 1")
        require(
            first >= 0 && first <= last && frequency > 0,
            "MagnitudePruning: steps \(first) to \(last) every \(frequency), expected them in order and positive"
        )
        self.sparsity = sparsity
        self.initial = initial
        steps = first...last
        self.frequency = frequency
        self.isPruned = isPruned
    }

    /// The fraction that is 0 after so many steps.
    public func sparsity(at step: Int) -> Double {
        if step >= steps.upperBound { return sparsity }
        let progress = Double(max(step, steps.lowerBound) - steps.lowerBound) / Double(steps.count - 1)
        let rest = 1 - progress
        return sparsity + (initial - sparsity) * rest * rest * rest
    }

    public override func onTrainBegin() { step = 0 }

    public override func onTrainBatchEnd(_ batch: Int, logs: Scores) {
        step += 1
        guard step >= steps.lowerBound,
            (step - steps.lowerBound) % frequency == 0 && step <= steps.upperBound || step == steps.upperBound
        else { return }
        model.prune(to: sparsity(at: step), where: isPruned)
    }
}

extension Model {
    /// Makes the weights of the least magnitude 0, that fraction of each kernel, and holds them there in later training.
    ///
    /// Weights that were pruned before stay so. See `MagnitudePruning` for a schedule.
    ///
    /// - Parameters:
    ///   - sparsity: the fraction of each kernel that is 0, 0 to 1.
    ///   - isPruned: whether a parameter is; by default kernels and tables are.
    ///
    /// Traps if the fraction is out of range.
    public final func prune(
        to sparsity: Double, where isPruned: (Parameter) -> Bool = { $0.shape.rank >= 2 }
    ) {
        require((0...1).contains(sparsity), "prune: the fraction is \(sparsity), expected 0 to 1")
        for parameter in parameters where parameter.isLearned && isPruned(parameter) {
            let count = Int((Double(parameter.shape.count) * sparsity).rounded())
            guard count > 0 else { continue }
            let magnitudes = parameter.value.cast(to: .float64).elements(as: Double.self).map { abs($0) }
            // Of equal ones the first.
            let least = magnitudes.indices.sorted { (magnitudes[$0], $0) < (magnitudes[$1], $1) }
            var kept = [Float](repeating: 1, count: magnitudes.count)
            for index in least.prefix(count) { kept[index] = 0 }
            parameter.keepPruned(Tensor(kept, shape: parameter.shape).cast(to: parameter.dtype))
        }
    }

    /// Holds all weights that are 0 in its kernels there, as after `prune(to:)`: of a pruned model that was loaded.
    public final func keepZeros(where isPruned: (Parameter) -> Bool = { $0.shape.rank >= 2 }) {
        for parameter in parameters where parameter.isLearned && isPruned(parameter) {
            parameter.keepPruned((parameter.value .!= 0).cast(to: parameter.dtype))
        }
    }

    /// The fraction of the kernels' weights that are 0.
    public final var sparsity: Double {
        let kernels = parameters.filter { $0.isLearned && $0.shape.rank >= 2 }
        let count = kernels.reduce(0) { $0 + $1.shape.count }
        guard count > 0 else { return 0 }
        let zeros = kernels.reduce(0) { sum, kernel in
            sum + kernel.value.cast(to: .float64).elements(as: Double.self).count { $0 == 0 }
        }
        return Double(zeros) / Double(count)
    }
}

extension Parameter {
    /// Makes what a mask leaves out 0, now and after each training step, behind the parameter's own constraint.
    fileprivate func keepPruned(_ mask: Tensor) {
        let own = (constraint?.kind as? PruningMask).map { $0.own } ?? constraint
        let pruning = PruningMask(mask: mask, own: own)
        constraint = Constraint(pruning)
        value = pruning(value)
    }
}

/// A parameter's own constraint and behind it zeros where a mask has them.
///
/// It is the parameter's, not its layer's: a saved model has the layer's own constraint, and the zeros.
private struct PruningMask: ConstraintKind {
    var mask: Tensor
    var own: Constraint?

    init(mask: Tensor, own: Constraint?) {
        self.mask = mask
        self.own = own
    }

    func callAsFunction(_ value: Tensor) -> Tensor { (own?(value) ?? value) * mask }

    // A file keeps the zeros, and what the mask stands behind.

    private enum CodingKeys: CodingKey { case own }

    init(from decoder: any Decoder) throws {
        own = try decoder.container(keyedBy: CodingKeys.self).decodeIfPresent(Constraint.self, forKey: .own)
        mask = Tensor(ones: [])
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encodeIfPresent(own, forKey: .own)
    }
}
