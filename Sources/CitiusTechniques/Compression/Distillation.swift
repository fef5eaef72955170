import CitiusAutograd
import CitiusData
import CitiusLayers
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// A model that learns from a teacher beside its targets: knowledge distillation (Hinton et al. 2015, arXiv 1503.02531).
///
/// With z the student's logits, t the teacher's, T the temperature:
///
/// ```
/// loss = alpha · loss(targets, student) + (1 − alpha) · T² · KL(softmax(t / T) ‖ softmax(z / T))
/// ```
///
/// A higher temperature shows more of what the teacher holds for possible beside its answer; T² keeps the gradients' size.
///
/// ```swift
/// import CitiusTechniques
///
/// let distillation = Distillation(of: teacher, into: student, temperature: 4, alpha: 0.1)
/// distillation.compile(optimizer: Adam(), loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
/// try distillation.fit(training, epochs: 3)
/// let scores = try student.predict(images)
/// ```
///
/// It computes what the student computes; the student alone is trained, and is the model to keep. Where models give
/// probabilities by a softmax, their logits are what it was made of. (Keras's example of a `Distiller` softens probabilities
/// once more instead.)
public final class Distillation: Model {
    public let teacher: Model
    public let student: Model
    public let temperature: Double
    /// The weight of the loss of the targets; the rest is the teacher's.
    public let alpha: Double

    /// - Parameters:
    ///   - teacher: a trained model of one output, the classes' logits or their softmax.
    ///   - student: one of the same inputs and output.
    ///   - temperature: what logits are divided by; positive.
    ///   - alpha: the weight of the loss of the targets, 0 to 1.
    ///
    /// Traps if a number is out of range.
    public init(
        of teacher: Model, into student: Model, temperature: Double = 4, alpha: Double = 0.1,
        name: String? = nil, seed: UInt64? = nil
    ) {
        require(
            temperature > 0 && temperature.isFinite,
            "Distillation: the temperature is \(temperature), expected a positive number")
        require((0...1).contains(alpha), "Distillation: alpha is \(alpha), expected 0 to 1")
        self.teacher = teacher
        self.student = student
        self.temperature = temperature
        self.alpha = alpha
        super.init(name: name, seed: seed, dtype: student.dtype)
    }

    public override var layers: [Layer] { [student] }

    public override func forward(_ inputs: [Variable], in context: Context) -> [Variable] {
        student.outputs(of: inputs, in: context)
    }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        student(input, in: context)
    }

    public override func computeLoss(
        _ predictions: [Variable], _ batch: Batch, in context: Context
    ) -> Variable {
        let hard = super.computeLoss(predictions, batch, in: context)
        guard context.isTraining, alpha < 1 else { return hard }
        let answers = teacher.outputs(of: teacher.modelInputs(batch), in: teacher.inferenceContext)
        require(
            answers.count == 1 && predictions.count == 1 && answers[0].shape == predictions[0].shape,
            "Distillation: the teacher's outputs are \(answers.map { $0.shape }), the student's "
                + "\(predictions.map { $0.shape }), expected one of the same shape")
        let soft = softLoss(predictions[0].logits, answers[0].logits.value)
        return hard * alpha + soft * (1 - alpha)
    }

    /// T² · KL(softmax(t / T) ‖ softmax(z / T)), the mean over the samples.
    private func softLoss(_ student: Variable, _ teacher: Tensor) -> Variable {
        let targets = Variable(teacher.cast(to: student.dtype) / temperature)
        let probabilities = targets.softmax()
        let divergence = probabilities * (targets.logSoftmax() - (student / temperature).logSoftmax())
        let rows = Double(max(1, teacher.count / max(1, teacher.shape[-1])))
        return divergence.sum() * (temperature * temperature / rows)
    }
}

extension Variable {
    /// What a softmax was made of; the variable itself if it is none's result.
    fileprivate var logits: Variable {
        if case .softmax(let logits) = origin { return logits }
        return self
    }
}
