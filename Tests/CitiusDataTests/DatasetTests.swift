import CitiusTestSupport
import Testing

@testable import CitiusData
@testable import CitiusTensor

@Suite struct DatasetTests {
    @Test func describesItself() {
        let data = numbered(7)
        #expect(data.count == 7)
        #expect(data.inputShape == [3])
        #expect(data.description == "Numbers: 7 samples, inputs [3] uint8, targets [] int64")
        #expect(!data.isEmpty)
        #expect(data.prefix(0).isEmpty)
    }

    @Test func everyByteIsScaledAsADivisionWould() {
        let bytes = Tensor((0..<256).map { UInt8($0) })
        let data = Dataset(inputs: bytes, targets: bytes)
        #expect(data.inputs.elements() == (0..<256).map { Float($0) })
        #expect(data.scaled(by: 1.0 / 255).inputs.elements() == (0..<256).map { Float($0) / 255 })
        #expect(data.scaled(by: 1.0 / 255).storedInputs.elements() == bytes.elements(as: UInt8.self))
        #expect(data.targets.dtype == .uint8)
    }

    @Test func aFactorReplacesTheOneBefore() {
        let data = numbered(2).scaled(by: 3).scaled(by: 2)
        #expect(data.inputs.elements() == [0, 2, 4, 2, 4, 6] as [Float])
        #expect(data.metadata.name == "Numbers")
    }

    @Test func otherTypesAreScaledOrLeftAlone() {
        let targets = Tensor([0, 1] as [Int32])
        func inputs(_ tensor: Tensor, _ factor: Double?) -> Tensor {
            let data = Dataset(inputs: tensor, targets: targets)
            return (factor.map { data.scaled(by: $0) } ?? data).inputs
        }
        #expect(inputs(Tensor([1, -2] as [Float]), 0.5).elements() == [0.5, -1] as [Float])
        #expect(inputs(Tensor([1, -2] as [Double]), 0.1).elements() == [0.1, -0.2])
        #expect(inputs(Tensor([1, -2] as [Int32]), 0.5).elements() == [0.5, -1] as [Float])
        #expect(inputs(Tensor([1, -2] as [Int64]), 0.5).elements() == [0.5, -1] as [Float])
        #expect(inputs(Tensor([1, -2] as [Int32]), nil).elements() == [1, -2] as [Int32])
        #expect(inputs(Tensor([true, false]), nil).elements() == [true, false])
    }

    @Test func sampleWeightsAreOptional() {
        let data = Dataset(inputs: Tensor([1, 2] as [Float]), targets: Tensor([3, 4] as [Float]))
        #expect(data.sampleWeights == nil)
        #expect(data.batched(1).allSatisfy { $0.sampleWeights == nil })
    }

    // MARK: Labels

    @Test func labelsWithinTheClassesPass() throws {
        try numbered(10).validateLabels(classCount: 10)
        try numbered(0).validateLabels(classCount: 1)
        let floats = Dataset(
            inputs: Tensor([1, 2] as [Float]), targets: Tensor([0, 9] as [Float], shape: [2, 1]))
        try floats.validateLabels(classCount: 10)
    }

    @Test func theFirstLabelOutsideTheClassesIsNamed() throws {
        let inputs = Tensor(zeros: [6, 2])
        let wrong = Dataset(inputs: inputs, targets: Tensor([0, 9, 3, 9, 9, 12] as [UInt8]))
        let error = try dataError { try wrong.validateLabels(classCount: 10) }
        #expect(error.kind == .invalidLabel)
        #expect(error.message.hasPrefix("label 12 at sample 5 is outside the 10 classes"))
        #expect("\(error)" == error.message)
        // The samples count as the data set has them, not as they lie in memory.
        let moved = wrong.subset([1, 5, 0])
        let second = try dataError { try moved.validateLabels(classCount: 10) }
        #expect(second.message.hasPrefix("label 12 at sample 1 is"))
        let negative = Dataset(inputs: inputs, targets: Tensor([0, -1, 3, 9, 9, 12] as [Int64]))
        let third = try dataError { try negative.validateLabels(classCount: 10) }
        #expect(third.message.hasPrefix("label -1 at sample 1 is"))
    }

    @Test(arguments: [0.5, .nan, .infinity, -.infinity, 2]) func noWholeNumberIsNoLabel(_ label: Double)
        throws
    {
        let data = Dataset(inputs: Tensor([1, 2] as [Float]), targets: Tensor([1, label]))
        #expect(
            try dataError { try data.validateLabels(classCount: 2) }.message.hasPrefix("label \(label) at"))
    }

    @Test func anEmptyDatasetIsAnErrorWhereSamplesAreNeeded() throws {
        try numbered(1).checkNotEmpty(for: "fit")
        let error = try dataError { try numbered(0).checkNotEmpty(for: "fit") }
        #expect(error.kind == .empty)
        #expect(error.message == "fit: the data set is empty; give it at least one sample.")
    }

    // MARK: Traps

    @Test func differentCountsTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Dataset(inputs: Tensor(zeros: [3, 2]), targets: Tensor(zeros: [4]))
        }
        #expect(text(result).contains("3 inputs and 4 targets, expected one target per input"))
    }

    @Test func weightsOfAnotherShapeTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Dataset(
                inputs: Tensor(zeros: [3, 2]), targets: Tensor(zeros: [3]),
                sampleWeights: Tensor(zeros: [2, 1]))
        }
        #expect(text(result).contains("sample weights have shape [2, 1], expected [3]"))
    }

    @Test func labelsThatAreNoNumbersTrap() async {
        let bool = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            let data = Dataset(inputs: Tensor(zeros: [2, 2]), targets: Tensor([true, false]))
            try data.validateLabels(classCount: 2)
        }
        #expect(text(bool).contains("validateLabels: targets are bool, expected numbers; cast them to int64"))
        let classes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            try numbered(2).validateLabels(classCount: 0)
        }
        #expect(text(classes).contains("validateLabels: classCount is 0, expected at least 1"))
    }

    @Test func aRangeBeyondTheDatasetTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = numbered(3).subset(1..<4)
        }
        #expect(text(result).contains("range 1..<4 leaves the data set of 3 samples"))
    }

    @Test func anIndexBeyondTheDatasetTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = numbered(9).subset([4, 2]).subset([2])
        }
        #expect(text(result).contains("index 2 is outside the data set of 2 samples"))
    }

    private func text(_ result: ExitTest.Result?) -> String {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }
}
