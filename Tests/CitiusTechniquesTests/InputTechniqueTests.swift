import Citius
import CitiusTechniques
import CitiusTestSupport
import Testing

/// What the techniques make of a batch and of its loss.
@Suite struct InputTechniqueTests {
    private let images: Dataset = {
        var generator = RandomGenerator(seed: 4)
        return Dataset(
            inputs: Tensor(uniform: [24, 8, 8, 1], in: 1..<2, using: &generator),
            targets: Tensor((0..<24).map { Int64($0 % 3) }))
    }()

    private func model(_ height: Int? = nil, optimizer: Optimizer = SGD(learningRate: 0)) -> Sequential {
        let model = Sequential(seed: 2) {
            Input(height, height, 1)
            Conv2D(4, kernelSize: 3, activation: .relu)
            GlobalAveragePooling2D()
            Dense(3, activation: .softmax)
        }
        model.compile(optimizer: optimizer, loss: .sparseCategoricalCrossentropy)
        return model
    }

    // MARK: Mixing

    @Test func mixUpBlendsSamplesAndLosses() throws {
        let (model, recorder) = (model(), Recorder())
        try train(model, images, batchSize: 24, [.mixUp(1), recorder])
        let mixed = recorder.batches[0]
        let own = images.inputs.taking(Tensor((mixed.indices ?? []).map(Int64.init)))
        // Whatever was drawn, λ is the same for all samples: the difference from the own sample has one direction.
        let difference = (mixed.inputs - own).reshaped(to: [24, 64])
        #expect(difference.abs().max().scalar > 0.1)
        let means = (mixed.inputs.mean().scalar, own.mean().scalar)
        #expect(abs(means.0 - means.1) < 1e-6, "a blend of a batch with itself keeps its mean")
        // The loss is between those of the blended images for the two targets: no more than the worst of all labels.
        let predictions = try model.predict(mixed.inputs)
        let labels = Variable(predictions)
        let worst = (0..<3).map { label in
            Loss.sparseCategoricalCrossentropy(labels, Tensor([Int64](repeating: Int64(label), count: 24)))
                .value.scalar
        }
        #expect(recorder.losses[0] < worst.reduce(0, +))
    }

    /// A loss that is linear in the targets shows the blend: that of blended one-hot targets.
    @Test func theBlendedLossIsThatOfBlendedTargets() throws {
        let targets = images.targets.oneHot(3)
        let data = Dataset(inputs: images.inputs, targets: targets)
        for technique in [BatchMixUp(0.5) as any Technique, BatchCutMix(1)] {
            let (model, recorder) = (model(), Recorder())
            model.compile(optimizer: SGD(learningRate: 0), loss: .categoricalCrossentropy)
            try train(model, data, batchSize: 24, [technique, recorder])
            let batch = recorder.batches[0]
            let predictions = try model.predict(batch.inputs)
            let own = Loss.categoricalCrossentropy(Variable(predictions), batch.targets).value.scalar
            // All samples' targets, in any order, have the same mean loss only if the predictions are alike; they are not.
            #expect(abs(recorder.losses[0] - own) > 1e-5, "\(technique.name)")
            let spread = predictions.log().mean().scalar
            #expect(abs(recorder.losses[0] + spread) < 1, "\(technique.name)")
        }
    }

    @Test func cutMixPutsBoxesOfOtherImages() throws {
        let recorder = Recorder()
        try train(model(), images, epochs: 10, batchSize: 24, [.cutMix(1), recorder])
        var pasted = 0
        for batch in recorder.batches {
            let own = images.inputs.taking(Tensor((batch.indices ?? []).map(Int64.init)))
            let changed = (batch.inputs .!= own).cast(to: .float32)
            // Every pixel is one of an image of the batch, at its place.
            let columns = batch.inputs.reshaped(to: [24, 64]).transposed().sorted().values
            #expect(columns == own.reshaped(to: [24, 64]).transposed().sorted().values)
            // A box: the same for all images that were changed.
            let counts = Set(changed.sum(axes: [1, 2, 3]).elements(as: Float.self)).subtracting([0])
            #expect(counts.count <= 1)
            pasted += counts.count
        }
        #expect(pasted >= 5)
    }

    @Test func cutoutBlanksASquareOfEach() throws {
        let recorder = Recorder()
        try train(model(), images, epochs: 4, batchSize: 24, [.cutout(4), recorder])
        let blank = Tensor.concatenate(recorder.batches.map(\.inputs)) .== 0
        let counts = blank.cast(to: .float32).sum(axes: [1, 2, 3]).elements(as: Float.self)
        #expect(counts.allSatisfy { $0 >= 4 && $0 <= 16 })
        #expect(counts.contains(16) && Set(counts).count > 2)
    }

    @Test func imagesAreNeeded() throws {
        for technique in [BatchCutMix() as any Technique, BatchCutout(2), ProgressiveResizing()] {
            #expect(throws: TrainingError.self) { try train(classifier(), twoClasses(count: 8), [technique]) }
        }
    }

    // MARK: Sizes

    @Test func imagesGrowOverTheSpan() throws {
        let recorder = Recorder()
        try train(
            model(), images, epochs: 10, batchSize: 24,
            [.progressiveResizing(from: 0.5, multiple: 2, during: 0..<0.8), recorder])
        #expect(recorder.batches.map { $0.inputs.shape[1] } == [4, 4, 6, 6, 6, 6, 8, 8, 8, 8])
        #expect(recorder.batches.allSatisfy { $0.inputs.shape[1] == $0.inputs.shape[2] })
    }

    @Test func aModelOfOneSizeRefusesSmallerImages() throws {
        let model = Sequential(seed: 2) {
            Input(8, 8, 1)
            Flatten()
            Dense(3, activation: .softmax)
        }
        model.compile(optimizer: .adam, loss: .sparseCategoricalCrossentropy)
        let error = #expect(throws: TrainingError.self) { try train(model, images, [.progressiveResizing()]) }
        #expect(error?.description.contains("does not take images of 4×4") == true)
    }

    // MARK: Label smoothing

    @Test func smoothedLabelsAreThoseOfTheLoss() throws {
        let (ours, theirs) = (
            model(optimizer: SGD(learningRate: 0.1)), model(optimizer: SGD(learningRate: 0.1))
        )
        theirs.compile(
            optimizer: SGD(learningRate: 0.1), loss: .categoricalCrossentropy(labelSmoothing: 0.2))
        let history = try train(
            ours, images, epochs: 3, batchSize: 8, validation: images, [.labelSmoothing(0.2)])
        let oneHot = Dataset(inputs: images.inputs, targets: images.targets.oneHot(3))
        let other = try train(theirs, oneHot, epochs: 3, batchSize: 8, [])
        for (a, b) in zip(ours.weights, theirs.weights) { expectClose(a, b, absolute: 1e-5) }
        for (a, b) in zip(history.logs, other.logs) { #expect(abs(a.loss - b.loss) < 1e-5) }
        // Validation goes by the labels as they are.
        let plain = try ours.evaluate(images, verbose: .silent)
        #expect(abs((history.logs.last?["val_loss"] ?? 0) - plain.loss) < 1e-6)
    }

    @Test func smoothingNeedsACrossEntropy() throws {
        let model = classifier()
        model.compile(optimizer: .adam, loss: .hinge)
        #expect(throws: TrainingError.self) { try train(model, twoClasses(count: 8), [.labelSmoothing()]) }
    }
}
