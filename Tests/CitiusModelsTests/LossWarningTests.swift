import CitiusAutograd
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusModels

/// What is computed all the same, though it is hardly meant, is said.
@Suite struct LossWarningTests {
    private let scores = Variable(Tensor([0.5, 0.25, 3] as [Float], shape: [1, 3]))

    @Test func predictionsThatAreNoProbabilities() {
        #expect(
            Loss.sparseCategoricalCrossentropy.warning(about: scores)
                == "sparse_categorical_crossentropy takes probabilities, but a prediction is 3.0000: end the model in a "
                + "softmax, or give the loss fromLogits: true.")
        let halves = Variable(Tensor([0.5, 0.25, 0] as [Float], shape: [1, 3]))
        #expect(
            Loss.categoricalCrossentropy.warning(about: halves)?
                .contains("the predictions for a sample sum to 0.7500") == true)
        #expect(Loss.binaryCrossentropy.warning(about: halves) == nil)
        #expect(
            Loss.binaryCrossentropy.warning(about: -halves)?.contains(
                "a prediction is -0.5000: end the model in a sigmoid")
                == true)
        #expect(Loss.klDivergence.warning(about: halves)?.contains("fromLogits") == false)
    }

    @Test func logitsThatAreProbabilities() {
        #expect(
            Loss.sparseCategoricalCrossentropy(fromLogits: true).warning(about: scores.softmax())
                == "sparse_categorical_crossentropy takes logits, but the model ends in a softmax: leave out "
                + "fromLogits: true.")
        #expect(
            Loss.binaryCrossentropy(fromLogits: true).warning(about: scores.sigmoid())?.contains("sigmoid")
                == true)
    }

    @Test func nothingIsSaidOfWhatFits() {
        #expect(Loss.sparseCategoricalCrossentropy.warning(about: scores.softmax()) == nil)
        #expect(Loss.sparseCategoricalCrossentropy(fromLogits: true).warning(about: scores) == nil)
        #expect(Loss.categoricalCrossentropy.warning(about: Variable(scores.value.softmax())) == nil)
        #expect(Loss.meanSquaredError.warning(about: scores) == nil)
        #expect(
            Loss.categoricalCrossentropy.warning(
                about: Variable(Tensor([.nan, 1] as [Float], shape: [1, 2]))) == nil)
        #expect(Loss("mine") { p, _ in p }.warning(about: scores) == nil)
    }

    /// In training, once for all steps.
    @Test func trainingSaysItOnce() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            let model = Sequential(seed: 1) {
                Input(2)
                Dense(3, kernelInitializer: .constant(4))
            }
            model.compile(optimizer: SGD(learningRate: 1e-6), loss: .sparseCategoricalCrossentropy)
            let x = Tensor(ones: [8, 2])
            let y = Tensor([0, 1, 2, 0, 1, 2, 0, 1] as [Int64])
            try model.fit(x, y, batchSize: 2, epochs: 2, verbose: .silent)
            model.compile(optimizer: SGD(learningRate: 1e-6), loss: .meanSquaredError)
            try model.fit(x * .nan, Tensor(ones: [8, 3]), batchSize: 2, epochs: 2, verbose: .silent)
        }
        let text = errorText(of: result)
        #expect(text.components(separatedBy: "takes probabilities").count == 2, "\(text)")
        #expect(text.components(separatedBy: "The loss is nan").count == 2, "\(text)")
    }
}
