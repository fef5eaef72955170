import Citius
import CitiusTestSupport
import Testing

@testable import CitiusTechniques

/// Refusals, attacks, and reports of robustness.
@Suite struct HardeningTests {
    /// Three clouds of points; what is unlike them lies far from all.
    private func clouds(_ count: Int, seed: UInt64) -> Dataset {
        var generator = RandomGenerator(seed: seed)
        let centers: [[Float]] = [[3, 0], [-2, 2], [-2, -3]]
        let places = (0..<count).flatMap { centers[$0 % 3] }
        let inputs =
            Tensor(normal: [count, 2], standardDeviation: 0.7, using: &generator)
            + Tensor(places, shape: [count, 2])
        return Dataset(inputs: inputs, targets: Tensor((0..<count).map { Int64($0 % 3) }))
    }

    private func trained(endsInLogits: Bool = false) throws -> Sequential {
        let model = Sequential(seed: 3) {
            Input(2)
            Dense(16, activation: .relu)
            Dense(3, activation: endsInLogits ? .linear : .softmax)
        }
        model.compile(
            optimizer: Adam(learningRate: 0.02),
            loss: .sparseCategoricalCrossentropy(fromLogits: endsInLogits),
            metrics: [.accuracy])
        try train(model, clouds(600, seed: 1), epochs: 10, [])
        return model
    }

    @Test(arguments: [OutlierDetector.Kind.maximumSoftmax, .energy(), .energy(temperature: 2), .mahalanobis])
    func outliersAreToldAndTheRateOfFalseAlarmsIsTheChosenOne(kind: OutlierDetector.Kind) throws {
        let model = try trained()
        let detector = try OutlierDetector(
            kind, for: model, trainedOn: clouds(600, seed: 1), validation: clouds(2_000, seed: 2),
            falseAlarms: 0.1)
        let inside = try model.predict(clouds(2_000, seed: 5).inputs, rejecting: detector)
        let rate = Double(inside.isRejected.filter { $0 }.count) / 2_000
        // Two samples of 2,000: their rates differ by 0.0095 as a standard deviation.
        #expect(abs(rate - 0.1) < 0.035, "\(rate)")
        // In the middle of the clouds: no class is likely, no cloud is near.
        var generator = RandomGenerator(seed: 9)
        let outside = try model.predict(
            Tensor(normal: [300, 2], standardDeviation: 0.3, using: &generator)
                + Tensor([-0.4, -0.3] as [Float]),
            rejecting: detector)
        let area = areaUnderROC(inliers: inside.scores, outliers: outside.scores)
        #expect(area > 0.9, "AUROC \(area)")
        #expect(inside.outputs == (try model.predict(clouds(2_000, seed: 5).inputs, batchSize: 256)))
    }

    @Test func logitsAreThoseBehindTheSoftmax() throws {
        let (probabilities, logits) = (try trained(), try trained(endsInLogits: true))
        let inputs = clouds(300, seed: 4).inputs
        for (a, b) in zip(probabilities.weights, logits.weights) { expectClose(a, b) }
        expectClose(try probabilities.logits(of: inputs), try logits.predict(inputs), absolute: 1e-4)
        expectClose(try logits.logits(of: inputs), try logits.predict(inputs))
    }

    @Test func theAreaCountsPairs() {
        #expect(areaUnderROC(inliers: [1, 2, 3], outliers: [4, 5]) == 1)
        #expect(areaUnderROC(inliers: [4, 5], outliers: [1]) == 0)
        #expect(areaUnderROC(inliers: [1, 2], outliers: [2, 2]) == 0.75)
        #expect(areaUnderROC(inliers: [], outliers: [1]).isNaN)
    }

    // MARK: Attacks

    @Test func attacksStayWithinTheirBoundsAndMakeTheLossLarger() throws {
        let model = try trained()
        let data = clouds(200, seed: 6)
        let batch = Batch(inputs: data.inputs, targets: data.targets)
        func loss(_ inputs: Tensor) throws -> Double { try model.testOnBatch(inputs, data.targets).loss }
        let plain = try loss(data.inputs)
        let single = model.adversarialInputs(of: batch, by: .fastGradientSign(epsilon: 0.5))
        let several = model.adversarialInputs(
            of: batch, by: .projectedGradient(epsilon: 0.5, stepSize: 0.1, steps: 10), within: -4...4)
        for changed in [single, several] { #expect((changed - data.inputs).abs().max().scalar <= 0.5 + 1e-5) }
        #expect(several.max().scalar <= 4 && several.min().scalar >= -4)
        #expect(try loss(single) > 1.5 * plain)
        #expect(try loss(several) > 1.5 * plain)
        // Random changes of the same size do less.
        var generator = RandomGenerator(seed: 1)
        let random = Tensor(uniform: [200, 2], in: -1..<1, using: &generator).sign() * 0.5
        #expect(try loss(data.inputs + random) < loss(single))
    }

    @Test func theGradientOfInputsIsThatOfDifferences() throws {
        let model = Sequential(seed: 1, dtype: .float64) {
            Input(2)
            Dense(5, activation: .tanh)
            Dense(3, activation: .softmax)
        }
        model.compile(optimizer: .adam, loss: .sparseCategoricalCrossentropy)
        let inputs = clouds(6, seed: 7).inputs.cast(to: .float64)
        let batch = Batch(inputs: inputs, targets: clouds(6, seed: 7).targets)
        let gradient = model.inputGradient(of: batch, at: inputs) { model.computeLoss($0, $1, in: $2) }
        for element in 0..<12 {
            var offset = [Double](repeating: 0, count: 12)
            offset[element] = 1e-5
            let step = Tensor(offset, shape: [6, 2])
            let (up, down) = (
                try model.testOnBatch(inputs + step, batch.targets).loss,
                try model.testOnBatch(inputs - step, batch.targets).loss
            )
            let expected = (up - down) / 2e-5
            #expect(abs(gradient.elements(as: Double.self)[element] - expected) < 1e-8)
        }
    }

    @Test func trainingOnAttacksHardens() throws {
        func accuracy(_ techniques: [any Technique]) throws -> (plain: Double, attacked: Double) {
            let model = classifier(optimizer: Adam(learningRate: 0.02))
            try train(model, twoClasses(count: 600), epochs: 15, techniques)
            let test = twoClasses(count: 600, seed: 11)
            let changed = model.adversarialInputs(
                of: Batch(inputs: test.inputs, targets: test.targets), by: .fastGradientSign(epsilon: 0.3))
            return (
                try model.predict(test.inputs).accuracy(of: test),
                try model.predict(changed).accuracy(of: test)
            )
        }
        let recorder = Recorder()
        let hardened = try accuracy([.adversarialTraining(.fastGradientSign(epsilon: 0.3)), recorder])
        // Each batch is changed by no more than ε, and by as much.
        let batch = recorder.batches[0]
        let own = twoClasses(count: 600).inputs.taking(Tensor((batch.indices ?? []).map(Int64.init)))
        #expect(abs((batch.inputs - own).abs().max().scalar - 0.3) < 1e-5)
        #expect(hardened.plain > 0.9 && hardened.attacked > 0.6, "\(hardened)")
    }

    // MARK: Robustness

    @Test func disturbancesDoWhatTheySay() throws {
        var generator = RandomGenerator(seed: 2)
        let images = Tensor(uniform: [8, 9, 9, 1], in: 0.2..<0.8, using: &generator)
        let batch = Batch(inputs: images, targets: Tensor((0..<8).map { Int64($0 % 2) }))
        let model = Sequential(seed: 1) {
            Input(9, 9, 1)
            Flatten()
            Dense(2, activation: .softmax)
        }
        model.compile(optimizer: .adam, loss: .sparseCategoricalCrossentropy)
        func applied(_ disturbance: Disturbance) -> Tensor {
            disturbance.applied(to: batch, model, 0...1, &generator)
        }
        let noise = applied(.noise(0.05)) - images
        #expect(abs(noise.squared().mean().scalar.squareRoot() - 0.05) < 0.01)
        // The mean of nine pixels, in the middle of the image.
        let window = images.sliced(3..<6, axis: 1).sliced(3..<6, axis: 2).mean(axes: [1, 2, 3])
        expectClose(applied(.blur(3)).sliced(4..<5, axis: 1).sliced(4..<5, axis: 2).flattened(), window)
        expectClose(applied(.rotation(0)), images)
        expectClose(applied(.rotation(180)), images.flipped(axes: [1, 2]), absolute: 1e-4)
        let blank = (applied(.occlusion(3)) .== 0).cast(to: .float32).sum(axes: [1, 2, 3])
        #expect(blank.max().scalar == 9 && blank.min().scalar >= 4)
        let attacked = applied(.attack(.fastGradientSign(epsilon: 0.1))) - images
        #expect(abs(attacked.abs().min().scalar - 0.1) < 1e-5)
        let report = try model.robustness(on: Dataset(inputs: images, targets: batch.targets))
        #expect(report.entries.count == 1 + Disturbance.common.count && report.accuracy(under: "none") != nil)
    }
}
