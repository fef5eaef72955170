import CitiusData
import CitiusLayers
import CitiusOptimizers
import CitiusTensor
import Testing

@testable import CitiusModels

/// Faulty data throws a full sentence, and nothing is trained.
@Suite struct TrainingErrorTests {
    private func expectError(
        _ kind: TrainingError.Kind, _ description: String, _ model: Sequential = classifier(),
        sourceLocation: SourceLocation = #_sourceLocation, _ body: (Sequential) throws -> Void
    ) {
        let before = model.weights
        let error = #expect(throws: TrainingError.self, sourceLocation: sourceLocation) { try body(model) }
        #expect(error?.kind == kind, sourceLocation: sourceLocation)
        #expect(error?.description == description, sourceLocation: sourceLocation)
        #expect(model.weights == before, sourceLocation: sourceLocation)
    }

    @Test func emptyData() {
        let empty = twoClasses(count: 4).prefix(0)
        expectError(.emptyData, "fit: the data set is empty; give it at least one sample.") {
            try $0.fit(empty, verbose: .silent)
        }
        expectError(.emptyData, "fit, validation: the data set is empty; give it at least one sample.") {
            try $0.fit(twoClasses(count: 4), verbose: .silent, validationData: empty)
        }
        expectError(.emptyData, "evaluate: the data set is empty; give it at least one sample.") {
            _ = try $0.evaluate(empty, verbose: .silent)
        }
        expectError(.emptyData, "predict: the data set is empty; give it at least one sample.") {
            _ = try $0.predict(empty)
        }
        expectError(.emptyData, "fit: the data set is empty; give it at least one sample.") {
            try $0.fit(batches: [Batch](), verbose: .silent)
        }
    }

    @Test func inputsOfAnotherShape() {
        let wrong = Dataset(inputs: Tensor(zeros: [4, 3, 2]), targets: Tensor(zeros: [4], dtype: .int64))
        expectError(
            .inputShape,
            "fit: the inputs are [batch, 3, 2], but sequential takes [batch, 2]; reshape the inputs, or build "
                + "the model for them."
        ) { try $0.fit(wrong, verbose: .silent) }
        expectError(
            .inputShape,
            "predict: the inputs are [batch, 3], but sequential takes [batch, 2]; reshape the inputs, or build "
                + "the model for them."
        ) { _ = try $0.predict(Tensor(zeros: [4, 3])) }
    }

    @Test func labelsOutsideTheClasses() {
        var labels: [Int64] = [0, 1, 1, 0, 1, 12, -1]
        let inputs = Tensor(zeros: [7, 2])
        expectError(
            .labelOutOfRange,
            "fit: label 12 at sample 5 is outside the model's 2 classes; labels are whole numbers from 0 to 1."
        ) { try $0.fit(inputs, Tensor(labels), verbose: .silent) }
        labels[5] = 1
        expectError(
            .labelOutOfRange,
            "fit: label -1 at sample 6 is outside the model's 2 classes; labels are whole numbers from 0 to 1."
        ) { try $0.fit(inputs, Tensor(labels), verbose: .silent) }
        let halves = Tensor([0, 0.5, 1] as [Float], shape: [3, 1])
        expectError(
            .labelOutOfRange,
            "evaluate: label 0.5 at sample 1 is outside the model's 2 classes; labels are whole numbers from "
                + "0 to 1."
        ) { _ = try $0.evaluate(inputs[0..<3], halves, verbose: .silent) }
        let batch = Batch(inputs: inputs, targets: Tensor(labels))
        expectError(
            .labelOutOfRange,
            "fit, batch 0: label -1 at sample 6 is outside the model's 2 classes; labels are whole numbers "
                + "from 0 to 1."
        ) { try $0.fit(batches: [batch], verbose: .silent) }
    }

    @Test func targetsOfAnotherShape() {
        expectError(
            .targetShape,
            "fit: the targets are [batch, 2], but sparse_categorical_crossentropy takes [batch] for the "
                + "model's output [batch, 2]; for one-hot targets take the loss .categoricalCrossentropy."
        ) { try $0.fit(Tensor(zeros: [4, 2]), Tensor(zeros: [4, 2]), verbose: .silent) }
        expectError(
            .targetShape,
            "fit: the targets are [batch, 3], but mean_squared_error takes [batch, 2] for the model's output "
                + "[batch, 2].", linearModel()
        ) { try $0.fit(Tensor(zeros: [4, 3]), Tensor(zeros: [4, 3]), verbose: .silent) }
        expectError(
            .targetShape,
            "fit: the inputs are [4, 3] and the targets [5, 2]; give one target for each input, along the "
                + "first axis.", linearModel()
        ) { try $0.fit(Tensor(zeros: [4, 3]), Tensor(zeros: [5, 2]), verbose: .silent) }
    }

    @Test func splitsThatLeaveNothing() {
        expectError(
            .validationSplit,
            "fit: 1 samples cannot be split by validationSplit 0.5: nothing would be left to train with; give "
                + "more samples or another fraction."
        ) { try $0.fit(twoClasses(count: 1), verbose: .silent, validationSplit: 0.5) }
    }

    @Test func scoresNameWhatThereIs() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let scores: Scores = ["loss": 1, "accuracy": 0.5]
            _ = scores["acc"]
        }
        #expect(
            errorText(of: result)
                .contains("Scores: there is no \"acc\", expected one of loss, accuracy"))
    }
}
