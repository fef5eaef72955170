import CitiusAutograd
import CitiusData
import CitiusTensor

/// A way to train faster, or to a better model, that a training turns on in a line:
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 10, techniques: [.randomSubsets(0.3), .ema(0.999)])
/// ```
///
/// A technique implements the hooks that it needs; the others do nothing. `fit` calls them in this order:
///
/// | Hook | When | For |
/// |---|---|---|
/// | `begin` | first, also where a training is resumed | a fresh start |
/// | `prepare` | then, unless it is resumed | what takes time: scores, initial weights |
/// | `select` | before each pass over the data | which samples, with which weights, in which batches |
/// | `beginStep` | before each step | the learning rate |
/// | `transform` | then | inputs, targets and weights of the batch |
/// | `loss` | in the step | another loss, or a look at the samples' own |
/// | `changeGradients` | in the step | gradients, before the optimizer's own clipping |
/// | `endStep` | after each step | averages of the weights |
/// | `weightsToEvaluate` | before each validation and at the end | the weights that the training is for |
/// | `end` | last, also after an error | putting things back |
///
/// One of your own, which adds noise to the gradients (Neelakantan et al. 2015, arXiv 1511.06807) in the first half of
/// the training:
///
/// ```swift
/// final class GradientNoise: Technique {
///     let span = 0.0..<0.5
///
///     func changeGradients(_ gradients: inout TrainingGradients, in training: Training) {
///         let deviation = 0.1 / Double(1 + training.stepsTaken).squareRoot()
///         for index in gradients.parameters.indices {
///             let noise = Tensor(
///                 normal: gradients[index].shape, standardDeviation: deviation, using: &training.generator)
///             gradients[index] = gradients[index] + noise
///         }
///     }
/// }
/// ```
///
/// Random numbers come from `training.generator`: the same seed then gives the same bits. What a technique must remember
/// between steps is its `state`, which `BackupAndRestore` saves.
public protocol Technique: AnyObject {
    /// What messages call it; by default the type's name.
    var name: String { get }
    /// Where it stands among the others; by default `.inputs`.
    var stage: TechniqueStage { get }
    /// The part of the training in which `select`, `beginStep`, `transform`, `loss`, `changeGradients` and `endStep` are
    /// called, as fractions of it; by default all.
    var span: Range<Double> { get }
    /// What no other technique may do in the same part of a training; by default nothing.
    var claims: Set<TechniqueClaim> { get }

    /// Takes part in a training, from its begin or from where it was broken off: forgets what was before.
    ///
    /// - Throws: why it cannot, which `fit` throws on.
    func begin(_ training: Training) throws

    /// Does what takes time before the first step.
    func prepare(_ training: Training) throws

    /// Chooses the samples of the next pass over the data.
    func select(_ selection: inout SampleSelection, in training: Training)

    /// A step begins: the time to set `training.learningRateFactor`.
    func beginStep(in training: Training)

    /// Changes the batch. One without samples is no step.
    func transform(_ batch: inout Batch, in training: Training)

    /// The loss of a batch, a scalar, by that of the techniques before, and of the model's own: `inner(batch)`.
    ///
    /// - Parameters:
    ///   - predictions: the model's outputs for the batch.
    ///   - inner: the loss of these predictions for a batch of perhaps other targets or weights; may be called several
    ///     times.
    func loss(
        _ predictions: [Variable], _ batch: Batch, in training: Training, inner: (Batch) -> Variable
    ) -> Variable

    /// Changes the gradients before the optimizer takes them.
    func changeGradients(_ gradients: inout TrainingGradients, in training: Training)

    /// A step is taken.
    func endStep(in training: Training)

    /// The weights to validate with and to keep at the end, in the order of `model.weights`; nil: the model's own.
    func weightsToEvaluate(in training: Training) -> [Tensor]?

    /// The training is over.
    func end(_ training: Training)

    /// What must be kept for a training to go on with the same bits: tensors by names.
    var state: [String: Tensor] { get }

    /// Puts a state back, after `begin`. It comes from a file.
    ///
    /// - Throws: what is wrong with a state that does not belong to this training.
    func restore(_ state: [String: Tensor], in training: Training) throws
}

extension Technique {
    public var name: String { "\(Self.self)" }
    public var stage: TechniqueStage { .inputs }
    public var span: Range<Double> { .wholeTraining }
    public var claims: Set<TechniqueClaim> { [] }

    public func begin(_ training: Training) throws {}
    public func prepare(_ training: Training) throws {}
    public func select(_ selection: inout SampleSelection, in training: Training) {}
    public func beginStep(in training: Training) {}
    public func transform(_ batch: inout Batch, in training: Training) {}
    public func loss(
        _ predictions: [Variable], _ batch: Batch, in training: Training, inner: (Batch) -> Variable
    ) -> Variable { inner(batch) }
    public func changeGradients(_ gradients: inout TrainingGradients, in training: Training) {}
    public func endStep(in training: Training) {}
    public func weightsToEvaluate(in training: Training) -> [Tensor]? { nil }
    public func end(_ training: Training) {}
    public var state: [String: Tensor] { [:] }
    public func restore(_ state: [String: Tensor], in training: Training) throws {}
}

extension Range<Double> {
    /// From the first step to the last: the span of techniques that are given none.
    public static var wholeTraining: Range<Double> { 0..<1 }
}

/// Where a technique stands among the others of a training. Each hook is called stage by stage, within a stage in the
/// order of the list; losses of later ones wrap those of earlier ones.
public enum TechniqueStage: Int, Sendable, Comparable {
    /// What data there is: cleaning, cores of the data.
    case data
    /// What of it a pass takes.
    case sampling
    /// What becomes of each sample.
    case inputs
    /// What mixes samples of a batch, or their targets.
    case mixing
    /// How the optimizer steps.
    case optimization
    /// What is made of the weights.
    case weights

    public static func < (a: TechniqueStage, b: TechniqueStage) -> Bool { a.rawValue < b.rawValue }
}

/// Something that only one technique at a time may do.
public struct TechniqueClaim: Hashable, Sendable {
    /// What the techniques do that have it, as messages say it: `both interpolate the loss`.
    public let description: String

    public init(_ description: String) { self.description = description }

    public static let lossInterpolation = TechniqueClaim("interpolate the loss")
    public static let learningRate = TechniqueClaim("schedule the learning rate")
    public static let weightsToEvaluate = TechniqueClaim("choose the weights to evaluate with")
    public static let sampleSelection = TechniqueClaim("choose the samples of a pass")
    public static let batchSelection = TechniqueClaim("choose among the samples of a batch")
    public static let imageSize = TechniqueClaim("change the size of images")
    public static let batchSize = TechniqueClaim("set the batch size")
    public static let initialWeights = TechniqueClaim("set the first weights")
}
