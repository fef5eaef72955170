import Citius
import CitiusTestSupport
import Testing

/// Losses for labels of which some are wrong.
@Suite struct NoisyLabelLossTests {
    private let probabilities = Tensor([0.7, 0.2, 0.1, 0.1, 0.6, 0.3] as [Double], shape: [2, 3])
    private let labels = Tensor([0, 2] as [Int64])

    @Test func theyAreTheirFormulas() {
        let prediction = Variable(probabilities)
        // −log of 0.7, 0.3 and 0.6.
        let (a, b, c) = (0.356674943938732, 1.203972804325936, 0.510825623765991)
        let symmetric = Loss.symmetricCrossEntropy(alpha: 0.5, beta: 2).losses(prediction, labels)
        expectClose(symmetric.value, Tensor([0.5 * a + 2.4, 0.5 * b + 5.6]))
        // The entropies of the two rows.
        let (first, second) = (0.801818552543410, 0.897945724050670)
        let soft = Loss.bootstrapping(beta: 0.9).losses(prediction, labels)
        expectClose(soft.value, Tensor([0.9 * a + 0.1 * first, 0.9 * b + 0.1 * second]))
        let hard = Loss.bootstrapping(beta: 0.8, isHard: true).losses(prediction, labels)
        expectClose(hard.value, Tensor([a, 0.8 * b + 0.2 * c]))
    }

    @Test(arguments: [
        Loss.symmetricCrossEntropy(), .bootstrapping(), .bootstrapping(beta: 0.8, isHard: true),
    ])
    func theirGradientsAreThoseOfDifferences(loss: Loss) {
        let logits = randomTensor([3, 4], dtype: .float64, seed: 5)
        let labels = Tensor([1, 0, 3] as [Int64])
        checkGradients(at: [logits]) { loss.losses($0[0].softmax(), labels) }
    }

    /// Predictions that hold the label for impossible: a softmax far enough apart gives 0.
    @Test(arguments: [
        Loss.categoricalGeneralizedCrossEntropy(q: 0.7), .symmetricCrossEntropy(), .bootstrapping(),
    ])
    func impossibleLabelsHaveFiniteGradients(loss: Loss) {
        let tape = Tape()
        let logits = tape.watch(Tensor([0, 200, -1, 3] as [Float], shape: [2, 2]))
        let losses = loss.losses(logits.softmax(), Tensor([0, 1] as [Int64]))
        let gradient = tape.gradients(of: losses.sum())[logits]
        #expect(losses.value.elements(as: Float.self).allSatisfy { $0.isFinite })
        #expect(gradient.elements(as: Float.self).allSatisfy { $0.isFinite })
    }

    /// A third of the labels are wrong; what is learned of the others must not suffer.
    @Test func theyLearnDespiteWrongLabels() throws {
        let clean = twoClasses(count: 600)
        let labels = clean.targets.elements(as: Int64.self).enumerated().map { $0 % 3 == 0 ? 1 - $1 : $1 }
        let noisy = Dataset(inputs: clean.inputs, targets: Tensor(labels))
        for loss in [Loss.symmetricCrossEntropy(), .bootstrapping()] {
            let model = classifier()
            model.compile(optimizer: Adam(learningRate: 0.02), loss: loss, metrics: [.accuracy])
            try train(model, noisy, epochs: 10, [])
            let accuracy = try model.evaluate(twoClasses(count: 400, seed: 9), verbose: .silent)["accuracy"]
            #expect(accuracy > 0.9, "\(loss.name): \(accuracy)")
        }
    }
}
