import Citius
import CitiusTestSupport
import Testing

@testable import CitiusTechniques

/// Parts of the data that are chosen by what samples are worth.
@Suite struct CoreSubsetTests {
    /// Two clouds; ten of the samples have the other one's label.
    private let data: Dataset
    private let wrong: Set<Int>

    init() {
        var generator = RandomGenerator(seed: 2)
        let side = (0..<200).map { Float($0 % 2 == 0 ? -2 : 2) }
        let inputs = Tensor(normal: [200, 2], using: &generator) + Tensor(side).reshaped(to: [200, 1])
        let wrong = Set((0..<10).map { $0 * 17 })
        let labels = (0..<200).map { Int64(($0 % 2 == 0) != wrong.contains($0) ? 0 : 1) }
        data = Dataset(inputs: inputs, targets: Tensor(labels))
        self.wrong = wrong
    }

    private func chosen(by criterion: CoreSubset.Criterion, _ fraction: Double, leavingOut: Double = 0) throws
        -> [Int]
    {
        let subset = CoreSubset(fraction, by: criterion, hardestLeftOut: leavingOut)
        let recorder = Recorder()
        try train(classifier(optimizer: Adam(learningRate: 0.01)), data, epochs: 2, [subset, recorder])
        for pass in recorder.passes { #expect(pass.indices.sorted() == subset.chosen) }
        return subset.chosen
    }

    @Test(arguments: [
        CoreSubset.Criterion.el2n(epochs: 10, copies: 2), .graNd(epochs: 10), .forgetting(epochs: 10),
    ])
    func theHardestAreKeptAndTheyAreTheWrongOnes(criterion: CoreSubset.Criterion) throws {
        // A tenth of the data: as many as twice the wrong ones.
        let hardest = try chosen(by: criterion, 0.1)
        #expect(abs(hardest.count - 20) <= 1)
        #expect(wrong.subtracting(hardest).count <= 2, "\(criterion)")
        let withoutWrong = try chosen(by: criterion, 0.5, leavingOut: 0.06)
        #expect(wrong.intersection(withoutWrong).count <= 2, "\(criterion)")
    }

    @Test func centersCoverAndHerdsKeepTheMean() throws {
        var generator = RandomGenerator(seed: 3)
        let features = Tensor(normal: [120, 3], using: &generator)
        let members = Array(0..<120)
        func radius(_ chosen: [Int]) -> Double {
            let centers = features.taking(Tensor(chosen.map(Int64.init)))
            return members.map { member in
                (centers - features[member..<member + 1]).squared().sum(axes: [1]).min().scalar
            }.max() ?? .infinity
        }
        func offset(_ chosen: [Int]) -> Double {
            let mean = features.taking(Tensor(chosen.map(Int64.init))).mean(axes: [0])
            return (mean - features.mean(axes: [0])).squared().sum().scalar.squareRoot()
        }
        let centers = CoreSubset.farthestFirst(features, members, count: 20)
        let herd = CoreSubset.herded(features, members, count: 20)
        #expect(Set(centers).count == 20 && Set(herd).count == 20)
        let random = (0..<20).map { seed -> [Int] in
            var order = members
            var generator = RandomGenerator(seed: UInt64(seed))
            generator.shuffle(&order)
            return Array(order.prefix(20))
        }
        #expect(random.allSatisfy { radius($0) > radius(centers) })
        #expect(random.allSatisfy { offset($0) > 4 * offset(herd) })
        // All of them, be some alike.
        let alike = Tensor(zeros: [5, 2])
        #expect(CoreSubset.farthestFirst(alike, [4, 3, 2, 1, 0], count: 5).sorted() == Array(0..<5))
    }

    @Test func featuresAreWhatTheLastLayerReads() throws {
        let model = classifier()
        #expect(try CoreSubset.features(of: model, data).shape == [200, 8])
        for criterion in [CoreSubset.Criterion.kCenter(), .herding()] {
            #expect(try chosen(by: criterion, 0.25).count == 50)
        }
    }

    @Test func aProxyJudges() throws {
        nonisolated(unsafe) var made = 0
        let subset = CoreSubset(0.1, by: .el2n(epochs: 80)) {
            made += 1
            return Sequential {
                Input(2)
                Dense(2, activation: .softmax)
            }
        }
        try train(classifier(), data, [subset])
        #expect(made == 1 && wrong.subtracting(subset.chosen).count <= 2)
    }
}
