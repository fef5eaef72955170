import CitiusAutograd
import CitiusConfiguration
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@Suite struct ScheduleFreeSGDTests {
    @Test func keepsTheBasesPromises() {
        checkOptimizer {
            ScheduleFreeSGD(ScheduleFreeSGD(beta: 0.8, warmupSteps: 2).hyperparameters, options: $0)
        }
    }

    /// The three sequences of the paper, each kept by itself.
    @Test(arguments: [(0.9, 0), (0.6, 3), (1.0, 0)]) func followsThePaper(beta: Double, warmupSteps: Int) {
        let start = randomTensor([4, 3], seed: 5)
        let parameter = Parameter(name: "kernel", value: start)
        let optimizer = ScheduleFreeSGD(learningRate: 0.3, beta: beta, warmupSteps: warmupSteps)
        var (z, x) = (start, start)
        for t in 1...6 {
            let gradient = randomTensor([4, 3], seed: UInt64(10 + t))
            optimizer.update([parameter], gradients: [gradient])
            let rate = 0.3 * (warmupSteps > 0 ? min(1, Double(t) / Double(warmupSteps)) : 1)
            z = z - gradient * rate
            x = x + (z - x) / Double(t)
            expectClose(
                parameter.value, z * (1 - beta) + x * beta, absolute: 1e-12, relative: 1e-12, "step \(t)")
        }
    }

    /// On a noisy bowl the mean lies nearer to the middle than steps of the same rate do.
    @Test func theMeanEvensTheStepsOut() {
        func distance(_ make: (Double) -> Optimizer) -> Double {
            let parameter = Parameter(name: "w", value: Tensor(ones: [50], dtype: .float64))
            let optimizer = make(0.5)
            var generator = RandomGenerator(seed: 4)
            for _ in 0..<200 {
                let noise = Tensor(normal: [50], dtype: .float64, using: &generator)
                optimizer.update([parameter], gradients: [parameter.value + noise])
            }
            return parameter.value.squared().sum().scalar
        }
        let (free, plain) = (distance { ScheduleFreeSGD($0) }, distance { SGD($0) })
        #expect(free < plain / 4, "\(free) and \(plain)")
    }

    @Test func describesItself() throws {
        let types = ConfigurationTypes([ScheduleFreeSGD.Configuration.self])
        let optimizer = ScheduleFreeSGD(learningRate: 0.7, beta: 0.8, warmupSteps: 5, clipNorm: 1)
        let json = try JSON(encoding: OptimizerEnvelope(optimizer))
        let read = try json.decoded(as: OptimizerEnvelope.self, userInfo: [.configurationTypes: types])
            .optimizer
        let other = try #require(read as? ScheduleFreeSGD)
        #expect(other.hyperparameters.beta == 0.8 && other.hyperparameters.warmupSteps == 5)
        #expect(other.learningRate == 0.7)
    }
}
