import Citius
import CitiusTechniques
import CitiusTestSupport
import Testing

/// The first convolution that whitens.
@Suite struct WhiteningTests {
    /// Images of three channels whose pixels depend on their neighbours, far from a mean of 0.
    private let data: Dataset = {
        var generator = RandomGenerator(seed: 6)
        let fine = Tensor(normal: [160, 12, 12, 2], using: &generator)
        let coarse = Tensor(normal: [160, 4, 4, 2], using: &generator).resized(to: Size2D(12, 12))
        let images = coarse * 2 + fine * 0.5 + 3
        return Dataset(inputs: images, targets: Tensor((0..<160).map { Int64($0 % 2) }))
    }()

    private func model(
        _ filters: Int, useBias: Bool = true, isRescaled: Bool = false, strides: Int = 1, dilation: Int = 1,
        groups: Int = 1
    ) -> Sequential {
        let model = Sequential(seed: 3) {
            Input(12, 12, 2)
            if isRescaled { Rescaling(0.25, offset: -1) }
            Conv2D(
                filters, kernelSize: [2, 3], strides: Size2D(strides), dilation: Size2D(dilation),
                groups: groups,
                useBias: useBias, name: "whitening")
            Activation(.relu)
            GlobalAveragePooling2D()
            Dense(2, activation: .softmax, name: "head")
        }
        model.compile(optimizer: SGD(learningRate: 0.05), loss: .sparseCategoricalCrossentropy)
        return model
    }

    /// What the convolution gives in the training's first step, one row for each place.
    private final class FirstOutputs: Technique {
        let stage = TechniqueStage.weights
        var rows = Tensor(zeros: [0, 0])
        var kernels: [Tensor] = []

        func transform(_ batch: inout Batch, in training: Training) {
            let model = training.model
            kernels.append(model.layers.first { $0.name == "whitening" }!.parameters[0].value)
            guard rows.count == 0 else { return }
            let convolution = Model(inputs: model.inputs, outputs: [model.output(ofLayer: "whitening")])
            guard let outputs = try? convolution.predict(training.data.inputs) else { return }
            rows = outputs.reshaped(to: [outputs.count / outputs.shape[-1], outputs.shape[-1]]).cast(
                to: .float64)
        }
    }

    private func covariance(_ rows: Tensor) -> Tensor {
        let offsets = rows - rows.mean(axes: [0], keepingAxes: true)
        return offsets.transposed().matmul(offsets) / Double(rows.shape[0])
    }

    @Test(arguments: [(false, 1, 1), (true, 1, 1), (false, 2, 1), (false, 1, 2)])
    func outputsAreWhite(isRescaled: Bool, strides: Int, dilation: Int) throws {
        let model = model(12, isRescaled: isRescaled, strides: strides, dilation: dilation)
        let first = FirstOutputs()
        try train(model, data, [.whitening(epsilon: 1e-9), first])
        // 12 numbers of a patch, 12 directions: no two are correlated, and each has the variance 1.
        expectClose(covariance(first.rows), Tensor(identity: 12, dtype: .float64), absolute: 2e-3)
        expectClose(first.rows.mean(axes: [0]), Tensor(zeros: [12], dtype: .float64), absolute: 2e-3)
    }

    @Test func directionsComeFromTheLargestAndThenNegated() throws {
        let (few, all) = (FirstOutputs(), FirstOutputs())
        try train(model(5), data, [.whitening(epsilon: 0.5), few])
        try train(model(24, useBias: false), data, [.whitening(epsilon: 0.5), all])
        let variances = covariance(all.rows).elements(as: Double.self)
        // A large epsilon leaves the order of the variances to be seen.
        let diagonal = (0..<12).map { variances[$0 * 25] }
        #expect(
            zip(diagonal, diagonal.dropFirst()).allSatisfy { $0 >= $1 - 1e-6 }
                && diagonal[0] > 2 * diagonal[11])
        expectClose(all.kernels[0].sliced(0..<5, axis: -1), few.kernels[0])
        expectClose(
            all.kernels[0].sliced(12..<24, axis: -1), -all.kernels[0].sliced(0..<12, axis: -1), absolute: 0)
    }

    @Test func theKernelStaysAndTheBiasIsTrained() throws {
        let (model, first) = (model(12), FirstOutputs())
        try train(model, data, epochs: 3, [.whitening(), first])
        #expect(first.kernels.count == 30 && first.kernels.allSatisfy { $0 == first.kernels[0] })
        let layer = try #require(model.layers.first { $0.name == "whitening" })
        #expect(layer.parameters[0].value == first.kernels[0])
        // Put back for the next training, which goes on from there.
        #expect(layer.parameters.allSatisfy { $0.isTrainable })
        let bias = layer.parameters[1].value
        try train(model, data, [])
        #expect(layer.parameters[0].value != first.kernels[0] && layer.parameters[1].value != bias)
    }

    @Test func aKernelThatIsFrozenStaysFrozen() throws {
        let model = model(12)
        let kernel = try #require(model.layers.first { $0.name == "whitening" }).parameters[0]
        kernel.isFrozen = true
        try train(model, data, [.whitening()])
        #expect(kernel.isFrozen)
    }

    @Test func whatCannotBeWhitenedIsSaid() {
        let withoutConvolution = Sequential {
            Input(12, 12, 2)
            Flatten()
            Dense(2, activation: .softmax)
        }
        withoutConvolution.compile(optimizer: SGD(), loss: .sparseCategoricalCrossentropy)
        for (model, part) in [
            (model(25, useBias: false), "25 filters"), (model(4, groups: 2), "2 groups"),
            (withoutConvolution, "none"),
        ] {
            let error = #expect(throws: TrainingError.self) { try train(model, data, [.whitening()]) }
            #expect(error?.description.contains(part) ?? false, "\(String(describing: error))")
        }
        #expect(throws: TrainingError.self) { try train(model(12), data, [.whitening(), .lsuv()]) }
    }
}
