import CitiusAutograd
import CitiusConfiguration
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@Suite struct MultiOptimizerTests {
    private static let types: [any ConfigurationNamed.Type] = [
        MultiOptimizer.Configuration.self, SGD.Configuration.self, Adam.Configuration.self,
        Nadam.Configuration.self, Lion.Configuration.self, ExponentialDecay.self,
    ]

    @Test(arguments: GoldenFile.load("optimizers/MultiOptimizer").cases)
    func isKerass(golden: GoldenCase) throws {
        let optimizer = try checkGolden(golden, types: Self.types)
        #expect((optimizer as? MultiOptimizer)?.optimizers.count == (golden.name.contains(" 0") ? 2 : 3))
    }

    private func parameters() -> [Parameter] {
        ["encoder/kernel", "encoder/bias", "head/kernel"].enumerated().map { index, path in
            let parameter = Parameter(name: path, value: randomTensor([2, 3], seed: UInt64(index)))
            return parameter
        }
    }

    private func gradients(_ step: Int) -> [Tensor] {
        (0..<3).map { randomTensor([2, 3], seed: UInt64(10 + 3 * step + $0)) }
    }

    @Test func eachOptimizerTakesItsOwnParametersAlone() {
        let (together, apart) = (parameters(), parameters())
        let multi = MultiOptimizer(
            OptimizerMap(
                defaultOptimizer: SGD(learningRate: 0.1),
                [
                    "encoder/bias": SGD(learningRate: 0.5, momentum: 0.9),
                    "encoder/.*": Adam(globalClipNorm: 0.1),
                ]))
        let adam = Adam(globalClipNorm: 0.1)
        let momentum = SGD(learningRate: 0.5, momentum: 0.9)
        let plain = SGD(learningRate: 0.1)
        for step in 0..<4 {
            multi.update(together, gradients: gradients(step))
            // Clipped by the norm of what Adam changes, which is the kernel alone.
            for (index, optimizer) in [adam, momentum, plain].enumerated() {
                optimizer.update([apart[index]], gradients: [gradients(step)[index]])
            }
        }
        #expect(together.map(\.value) == apart.map(\.value))
        #expect(multi.iterations == 4 && multi.optimizers.allSatisfy { $0.iterations == 4 })
        #expect(multi.slots(of: together[0]).count == 2 && multi.slots(of: together[1]).count == 1)
    }

    @Test func aClosureIsAskedOnceForEachParameter() {
        let values = parameters()
        let (slow, fast) = (SGD(learningRate: 0), SGD(learningRate: 1))
        var asked: [String] = []
        let multi = MultiOptimizer { parameter in
            asked.append(parameter.path)
            return parameter.path.hasPrefix("head/") ? fast : slow
        }
        let before = values.map(\.value)
        for step in 0..<2 { multi.update(values, gradients: gradients(step)) }
        #expect(asked == ["encoder/kernel", "encoder/bias", "head/kernel"])
        #expect(values[0].value == before[0] && values[1].value == before[1])
        #expect(values[2].value == before[2] - gradients(0)[2] - gradients(1)[2])
        #expect(throws: JSON.CodingFailure.self) { try JSON(encoding: OptimizerEnvelope(multi)) }
    }

    @Test func multipliersAndExclusionsReachTheOptimizers() {
        let (values, others) = (parameters(), parameters())
        let inner = SGD(learningRate: 0.1, weightDecay: 0.5)
        let multi = MultiOptimizer(OptimizerMap(defaultOptimizer: inner))
        let plain = SGD(learningRate: 0.1, weightDecay: 0.5)
        for (optimizer, parameters) in [(multi as Optimizer, values), (plain, others)] {
            optimizer.setLearningRateMultiplier(0.5, for: [parameters[0]])
            optimizer.excludeFromWeightDecay(named: ["bias"])
            optimizer.update(parameters, gradients: gradients(0))
        }
        #expect(values.map(\.value) == others.map(\.value))
        #expect(inner.learningRateMultiplier(for: values[0]) == 0.5)
        #expect(multi.isExcludedFromWeightDecay(values[1]) && !multi.isExcludedFromWeightDecay(values[0]))
    }

    @Test func aStateThatDoesNotFitChangesNothing() throws {
        let values = parameters()
        let named = values.map { (name: $0.name, parameter: $0) }
        func make() -> MultiOptimizer {
            MultiOptimizer(OptimizerMap(defaultOptimizer: Adam(), ["encoder/.*": SGD(momentum: 0.9)]))
        }
        let (multi, copy) = (make(), make())
        multi.update(values, gradients: gradients(0))
        var state = multi.state(for: named)
        #expect(state.map(\.name).contains("optimizers/0/momentum/encoder/kernel"))
        state.removeAll { $0.name == "optimizers/1/velocity/head/kernel" }
        state.append((name: "optimizers/7/iteration", tensor: Tensor(Int64(1))))
        let error = #expect(throws: OptimizerStateError.self) { try copy.restore(state, for: named) }
        #expect(error?.missing == ["optimizers/1/velocity/head/kernel"])
        #expect(error?.unexpected == ["optimizers/7/iteration"])
        #expect(copy.iterations == 0 && copy.optimizers.allSatisfy { $0.iterations == 0 })
    }

    @Test func faultsOfAMapAreNamed() throws {
        let multi = MultiOptimizer(OptimizerMap(defaultOptimizer: SGD()))
        #expect(OptimizerMap(defaultOptimizer: multi).fault != nil)
        #expect(
            OptimizerMap(defaultOptimizer: SGD(), ["encoder/(": SGD()]).fault?.contains("encoder/(") == true)
        let twice = OptimizerMap(defaultOptimizer: SGD(), ["enc.*": SGD(), ".*kernel": SGD()])
        let optimizer = MultiOptimizer(twice)
        #expect(optimizer.fault(ofParametersAt: ["head/kernel", "encoder/bias"]) == nil)
        #expect(optimizer.fault(ofParametersAt: ["encoder/kernel"])?.contains("enc.*") == true)
        let sgd = #"{"learning_rate": 0.1, "momentum": 0.0, "nesterov": false}"#
        let text = """
            {"class_name": "MultiOptimizer", "config": {"optimizer_map": {"class_name": "OptimizerMap", "config": {
            "default_optimizer": {"class_name": "SGD", "config": \(sgd)},
            "optimizer_map": {"(": {"class_name": "SGD", "config": \(sgd)}}}}}}
            """
        let json = try JSON(parsing: Array(text.utf8))
        let types: [CodingUserInfoKey: any Sendable] = [.configurationTypes: ConfigurationTypes(Self.types)]
        let error = #expect(throws: JSON.CodingFailure.self) {
            try json.decoded(as: OptimizerEnvelope.self, userInfo: types)
        }
        #expect(error?.message.contains("regular expression") == true, "\(String(describing: error))")
    }
}
