import CitiusAutograd
import CitiusData
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Samples that are changed a little, so that a model gets them wrong.
public enum AdversarialAttack: Sendable {
    /// One step of ε along the sign of the gradient (fast gradient sign method: Goodfellow et al. 2014, arXiv 1412.6572).
    case fastGradientSign(epsilon: Double)
    /// Steps along the sign of the gradient from a random start, each put back to within ε (projected gradient descent:
    /// Madry et al. 2017, arXiv 1706.06083).
    case projectedGradient(epsilon: Double, stepSize: Double, steps: Int)

    var epsilon: Double {
        switch self {
        case .fastGradientSign(let epsilon), .projectedGradient(let epsilon, _, _): epsilon
        }
    }

    func check() {
        require(
            epsilon >= 0 && epsilon.isFinite, "AdversarialAttack: epsilon is \(epsilon), expected at least 0")
        if case .projectedGradient(_, let size, let steps) = self {
            require(
                size > 0 && size.isFinite && steps >= 1,
                "AdversarialAttack: stepSize \(size) and \(steps) steps, expected above 0 and at least 1")
        }
    }

    /// The batch with first inputs that make the loss larger.
    ///
    /// - Parameters:
    ///   - range: what inputs may be, pixels from 0 to 1 for instance; nil: anything.
    ///   - loss: of the inputs, a scalar, for the targets as they are.
    func attack(
        _ inputs: Tensor, range: ClosedRange<Double>?, using generator: inout RandomGenerator,
        gradient: (Tensor) -> Tensor
    ) -> Tensor {
        func within(_ changed: Tensor) -> Tensor {
            let near = changed.minimum(inputs + epsilon).maximum(inputs - epsilon)
            return range.map { near.clamped(to: $0) } ?? near
        }
        switch self {
        case .fastGradientSign: return within(inputs + gradient(inputs).sign() * epsilon)
        case .projectedGradient(_, let size, let steps):
            var changed = inputs
            if epsilon > 0 {
                changed = within(
                    inputs
                        + Tensor(
                            uniform: inputs.shape, in: -epsilon..<epsilon, dtype: inputs.dtype,
                            using: &generator))
            }
            for _ in 0..<steps { changed = within(changed + gradient(changed).sign() * size) }
            return changed
        }
    }
}

/// Trains on samples that are changed so that the model, as it is at the step, gets them wrong: it then resists such changes
/// (Goodfellow et al. 2014, arXiv 1412.6572; Madry et al. 2017, arXiv 1706.06083).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(
///     train, epochs: 10, techniques: [.adversarialTraining(.fastGradientSign(epsilon: 0.1), within: 0...1)])
/// ```
///
/// A step of FGSM costs about twice a plain one, of PGD once more for each of its steps. Follows the papers but for the
/// mode of the model that is attacked, which is that of inference.
public final class AdversarialTraining: Technique {
    public let attack: AdversarialAttack
    public let range: ClosedRange<Double>?
    public let fraction: Double
    public let span: Range<Double>

    /// - Parameters:
    ///   - attack: how samples are changed.
    ///   - range: what inputs may be.
    ///   - fraction: of each batch that is changed, its first samples.
    ///   - span: the part of the training.
    ///
    /// Traps if a number is out of range.
    public init(
        _ attack: AdversarialAttack, within range: ClosedRange<Double>? = nil, fraction: Double = 1,
        during span: Range<Double> = .wholeTraining
    ) {
        attack.check()
        require(0...1 ~= fraction, "AdversarialTraining: fraction is \(fraction), expected one from 0 to 1")
        (self.attack, self.range, self.fraction, self.span) = (attack, range, fraction, span)
    }

    public func transform(_ batch: inout Batch, in training: Training) {
        let count = Int((Double(batch.count) * fraction).rounded())
        guard count > 0, batch.inputs.dtype.isFloatingPoint else { return }
        let part = batch.subset(Array(0..<count))
        let changed = attack.attack(part.inputs, range: range, using: &training.generator) { inputs in
            training.model.inputGradient(of: part, at: inputs) { training.ownLoss($0, $1, in: $2) }
        }
        batch.inputs =
            count == batch.count ? changed : Tensor.concatenate([changed, batch.inputs[count..<batch.count]])
    }
}

extension Technique where Self == AdversarialTraining {
    /// Trains on samples that are changed so that the model gets them wrong; see `AdversarialTraining`.
    public static func adversarialTraining(
        _ attack: AdversarialAttack, within range: ClosedRange<Double>? = nil, fraction: Double = 1,
        during span: Range<Double> = .wholeTraining
    ) -> AdversarialTraining {
        AdversarialTraining(attack, within: range, fraction: fraction, during: span)
    }
}

extension Model {
    /// The gradient of the loss with respect to the first inputs.
    func inputGradient(
        of batch: Batch, at inputs: Tensor, loss: ([Variable], Batch, Context) -> Variable
    ) -> Tensor {
        var batch = batch
        batch.inputs = inputs
        let tape = Tape()
        let context = Context(tape: tape, isTraining: false, acceleration: acceleration)
        var variables = modelInputs(batch)
        let watched = tape.watch(variables[0].value)
        variables[0] = watched
        let predictions = outputs(of: variables, in: context)
        let gradient = tape.gradients(of: loss(predictions, batch, context))[watched]
        return gradient.dtype == inputs.dtype ? gradient : gradient.cast(to: inputs.dtype)
    }

    /// A batch's first inputs, changed so that the model gets them wrong.
    ///
    /// ```swift
    /// import Citius
    /// import CitiusTechniques
    ///
    /// model.compile(optimizer: .adam, loss: .sparseCategoricalCrossentropy)
    /// let batch = Batch(inputs: train.inputs, targets: train.targets)
    /// let changed = model.adversarialInputs(of: batch, by: .fastGradientSign(epsilon: 0.1), within: 0...1)
    /// ```
    ///
    /// - Parameter range: what inputs may be.
    ///
    /// Traps if the model is not compiled, or the inputs are no real numbers.
    public final func adversarialInputs(
        of batch: Batch, by attack: AdversarialAttack, within range: ClosedRange<Double>? = nil,
        seed: UInt64 = 0
    ) -> Tensor {
        attack.check()
        require(
            batch.inputs.dtype.isFloatingPoint,
            "adversarialInputs: the inputs are \(batch.inputs.dtype), expected real numbers")
        var generator = RandomGenerator(seed: seed)
        return attack.attack(batch.inputs, range: range, using: &generator) { inputs in
            inputGradient(of: batch, at: inputs) { computeLoss($0, $1, in: $2) }
        }
    }
}
