import Citius
import CitiusTechniques
import CitiusTestSupport
import Testing

@Suite struct CompressedArchitectureTests {
    /// A kernel that is depthwise separable comes back as it was.
    @Test func findsSeparableKernels() throws {
        let model = Sequential(seed: 1) {
            Input(9, 9, 4)
            Conv2D(6, kernelSize: 3, strides: 2, padding: .same, activation: .relu, name: "images")
        }
        let depthwise = randomTensor([3, 3, 4, 1], dtype: .float32, seed: 1)
        let pointwise = randomTensor([1, 1, 4, 6], dtype: .float32, seed: 2)
        model.parameters[0].value = depthwise * pointwise
        model.parameters[1].value = randomTensor([6], dtype: .float32, seed: 3)
        let separated = try model.separated()
        #expect(separated.layer(named: "images") is SeparableConv2D)
        let samples = randomTensor([4, 9, 9, 4], dtype: .float32, seed: 4)
        #expect(distance(try model.predict(samples), try separated.predict(samples)) < 1e-5)
        #expect(throws: CompressionError.self) { try CompressibleNetwork.dense.make(seed: 1).separated() }
    }

    /// Where the images are the same everywhere, so is the result.
    @Test func poolsImagesInPlaceOfFlattening() throws {
        let model = Sequential(seed: 1) {
            Input(4, 4, 8)
            Flatten()
            Dropout(0.5)
            Dense(5, activation: .tanh)
        }
        let pooled = try model.globallyPooled()
        #expect(pooled.layers.map { $0.name } == ["global_average_pooling2d", "dropout", "dense"])
        let samples = randomTensor([3, 1, 1, 8], dtype: .float32, seed: 4).expanded(to: [3, 4, 4, 8])
        #expect(distance(try model.predict(samples), try pooled.predict(samples)) < 1e-5)
        #expect(throws: CompressionError.self) {
            try CompressibleNetwork.dense.make(seed: 1).globallyPooled()
        }
    }

    @Test func scalesWidths() throws {
        let model = CompressibleNetwork.residual.make(seed: 1)
        let wide = try model.scaled(width: 1.4, seed: 4)
        #expect(wide.layers.compactMap { ($0 as? Conv2D)?.filters } == [24, 24, 40, 40])
        #expect(wide.layers.compactMap { ($0 as? Dense)?.units } == [10])
        #expect(try model.scaled(width: 1.4, seed: 4).weights == wide.weights)
        #expect(try model.scaled(width: 1.4, seed: 5).weights != wide.weights)
    }

    /// The loss is the two losses' mean by alpha, and the teacher does not move.
    @Test func distills() throws {
        let network = CompressibleNetwork.document
        let (teacher, student) = (network.make(seed: 1), network.make(seed: 2))
        let (samples, temperature, alpha) = (network.samples, 3.0, 0.3)
        let labels = Tensor((0..<64).map { Int32($0 % 10) })
        let distillation = Distillation(of: teacher, into: student, temperature: temperature, alpha: alpha)
        distillation.compile(optimizer: SGD(learningRate: 0), loss: .sparseCategoricalCrossentropy)
        let before = teacher.weights
        func soft(_ model: Model) throws -> Tensor {
            // Of probabilities p, softmax(log p / T) is that of the logits.
            (try model.predict(samples).cast(to: .float64).log() / temperature).softmax()
        }
        let hard = try distillation.evaluate(samples, labels, verbose: .silent).loss
        let (t, z) = (try soft(teacher), try soft(student))
        let divergence = (t * (t.log() - z.log())).sum().scalar / 64 * temperature * temperature
        // In training, but of what the student answers without dropout.
        let loss = distillation.computeLoss(
            student.outputs(of: [Variable(samples)], in: .inference), Batch(inputs: samples, targets: labels),
            in: Context(tape: nil, isTraining: true)
        ).value.scalar
        #expect(abs(loss - (alpha * hard + (1 - alpha) * divergence)) < 1e-4 * abs(loss))

        let learning = Distillation(of: teacher, into: student, temperature: temperature, alpha: 0)
        learning.compile(optimizer: Adam(learningRate: 3e-3), loss: .sparseCategoricalCrossentropy)
        let distant = distance(try teacher.predict(samples), try student.predict(samples))
        try learning.fit(samples, labels, batchSize: 16, epochs: 30, verbose: .silent)
        #expect(distance(try teacher.predict(samples), try student.predict(samples)) < 0.5 * distant)
        #expect(teacher.weights == before)
    }
}
