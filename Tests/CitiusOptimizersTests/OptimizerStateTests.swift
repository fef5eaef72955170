import CitiusAutograd
import CitiusConfiguration
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@Suite struct OptimizerStateTests {
    private let kernel = Parameter(name: "kernel", value: randomTensor([2, 3], dtype: .float32, seed: 1))
    private let bias = Parameter(name: "bias", value: randomTensor([3], dtype: .float32, seed: 2))
    private var named: [Optimizer.NamedParameter] { [("dense/kernel", kernel), ("dense/bias", bias)] }

    private func train(_ optimizer: Optimizer, steps: Int = 2) {
        for step in 0..<steps {
            optimizer.update(
                [kernel, bias],
                gradients: [
                    randomTensor([2, 3], dtype: .float32, seed: UInt64(10 + step)),
                    randomTensor([3], dtype: .float32, seed: UInt64(20 + step)),
                ])
        }
    }

    @Test func namesSayWhatTheTensorsAre() {
        let adam = Adam(0.01)
        let slots = [
            "momentum/dense/kernel", "velocity/dense/kernel", "momentum/dense/bias", "velocity/dense/bias",
        ]
        #expect(adam.state(for: named).map(\.name) == ["iteration", "learning_rate"] + slots)
        train(adam)
        let state = adam.state(for: named)
        #expect(state.map(\.name) == ["iteration", "learning_rate"] + slots)
        #expect(state[0].tensor == Tensor(Int64(2)) && state[1].tensor == Tensor(0.01 as Double))
        #expect(state[2].tensor.shape == [2, 3])

        let everything = SGD(
            learningRate: ExponentialDecay(initialLearningRate: 0.1, decaySteps: 1, decayRate: 0.5),
            momentum: 0.9, weightDecay: 0.1, useEMA: true, gradientAccumulationSteps: 2)
        everything.setLearningRateMultiplier(0.5, for: [kernel])
        everything.excludeFromWeightDecay(named: ["bias"])
        #expect(
            everything.state(for: named).map(\.name) == [
                "iteration", "momentum/dense/kernel", "average/dense/kernel",
                "gradient_accumulator/dense/kernel", "learning_rate_multiplier/dense/kernel",
                "momentum/dense/bias", "average/dense/bias", "gradient_accumulator/dense/bias",
                "excluded_from_weight_decay/dense/bias",
            ])
    }

    /// What differs from parameter to parameter comes back, so that the program that resumes need not set it again.
    @Test func whatParametersWereToldIsRestored() throws {
        let saved = SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 0.1)
        saved.setLearningRateMultiplier(0.25, for: [kernel])
        saved.excludeFromWeightDecay([bias])
        train(saved)
        saved.learningRate = 0.05
        let restored = SGD(learningRate: 0.1, momentum: 0.9, weightDecay: 0.1)
        try restored.restore(saved.state(for: named), for: named)
        #expect(restored.learningRate == 0.05 && restored.iterations == 2)
        #expect(restored.learningRateMultiplier(for: kernel) == 0.25)
        #expect(restored.learningRateMultiplier(for: bias) == 1)
        #expect(restored.isExcludedFromWeightDecay(bias) && !restored.isExcludedFromWeightDecay(kernel))
    }

    @Test func frozenParametersHaveNoState() throws {
        bias.isFrozen = true
        let adam = Adam()
        adam.update([kernel], gradients: [Tensor(ones: [2, 3])])
        let state = adam.state(for: named)
        #expect(!state.contains { $0.name.hasSuffix("bias") })
        try Adam().restore(state, for: named)
        bias.isFrozen = false
        #expect(throws: OptimizerStateError.self) { try Adam().restore(state, for: named) }
    }

    @Test func aStateOfAnotherOptimizerIsRefused() throws {
        let adam = Adam(0.01)
        train(adam)
        let before = adam.state(for: named)
        var state = Adam(0.02).state(for: named)
        state.removeAll { $0.name == "velocity/dense/bias" }
        state.append(("velocity_hat/dense/bias", Tensor(zeros: [3])))
        state[2].tensor = Tensor(zeros: [3, 2])
        state[0].tensor = Tensor([1, 2] as [Int64])
        let error = try #require(throws: OptimizerStateError.self) { try adam.restore(state, for: named) }
        #expect(error.missing == ["velocity/dense/bias"])
        #expect(error.unexpected == ["velocity_hat/dense/bias"])
        #expect(
            error.mismatched == [
                "iteration is int64 [2], expected int64 []",
                "momentum/dense/kernel is float32 [3, 2], expected float32 [2, 3]",
            ])
        #expect("\(error)".contains("does not fit the optimizer Adam"))
        #expect(adam.state(for: named).map(\.tensor) == before.map(\.tensor))
    }

    @Test(
        arguments: [
            ("iteration", Tensor(Int64.max)), ("iteration", Tensor(Int64(-1))),
            ("learning_rate", Tensor(Double.nan)),
            ("learning_rate", Tensor(-1 as Double)),
            ("learning_rate_multiplier/dense/bias", Tensor(Double.infinity)),
        ] as [(String, Tensor)])
    func numbersOfAFileAreChecked(name: String, tensor: Tensor) {
        for optimizer in [Adam(), Nadam()] {
            let state = optimizer.state(for: named).filter { $0.name != name } + [(name, tensor)]
            #expect(throws: OptimizerStateError.self) { try optimizer.restore(state, for: named) }
        }
    }

    /// What was seen later than the state counts as not seen: no parameter is taken for given twice.
    @Test func anOptimizerGoesBack() throws {
        let optimizer = Adam()
        train(optimizer, steps: 1)
        let state = optimizer.state(for: named)
        let values = [kernel.value, bias.value]
        train(optimizer, steps: 5)
        let first = [kernel.value, bias.value]
        try optimizer.restore(state, for: named)
        (kernel.value, bias.value) = (values[0], values[1])
        train(optimizer, steps: 5)
        #expect([kernel.value, bias.value] == first)
    }

    @Test func onlyWhatDescribesItselfIsSaved() throws {
        final class Silent: Optimizer {}
        struct Slow: LearningRateSchedule {
            func callAsFunction(_ step: Int) -> Double { 0.001 }
        }
        #expect(throws: JSON.CodingFailure.self) { try JSON(encoding: OptimizerEnvelope(Silent())) }
        #expect(throws: JSON.CodingFailure.self) {
            try JSON(encoding: OptimizerEnvelope(Adam(learningRate: Slow())))
        }
        let adam = try JSON(encoding: OptimizerEnvelope(Adam()))
        #expect(throws: JSON.CodingFailure.self) {
            try adam.decoded(
                as: OptimizerEnvelope.self,
                userInfo: [.configurationTypes: ConfigurationTypes([SGD.Configuration.self])])
        }
    }

    /// What a file says wrong is an error, not a trap.
    @Test(
        arguments: [
            (Adam().json, "beta_1", .number(2), "Adam: beta1 is 2.0, expected 0..<1"),
            (
                Adam().json, "clipnorm", .number(-1),
                "gradients are clipped at -1.0, expected a positive number"
            ),
            (Adam().json, "learning_rate", .number(-1), "learningRate is -1.0, expected a finite number"),
            (SGD().json, "gradient_accumulation_steps", .integer(1), "gradientAccumulationSteps is 1"),
            (
                SGD(ExponentialDecay(initialLearningRate: 0.1, decaySteps: 1, decayRate: 0.5)).json,
                "learning_rate.decay_steps", .integer(0),
                "ExponentialDecay: decaySteps is 0, expected 1 or more"
            ),
        ] as [(JSON, String, JSON, String)])
    func wrongNumbersInAFileAreErrors(json: JSON, key: String, value: JSON, message: String) throws {
        let types = ConfigurationTypes([
            Adam.Configuration.self, SGD.Configuration.self, ExponentialDecay.self,
        ])
        let path = key.split(separator: ".").map(String.init)
        let changed = json.setting(
            ["config", path[0]] + path.dropFirst().flatMap { ["config", $0] }, to: value)
        _ = try json.decoded(as: OptimizerEnvelope.self, userInfo: [.configurationTypes: types])
        let error = try #require(throws: JSON.CodingFailure.self) {
            try changed.decoded(as: OptimizerEnvelope.self, userInfo: [.configurationTypes: types])
        }
        #expect("\(error)".contains(message))
    }

    /// An optimizer of a user's own, with a number of its formula and a schedule of its own.
    @Test func onesOwnDescribesItself() throws {
        let types = ConfigurationTypes([SignDescent.Configuration.self, Halving.self])
        let optimizer = SignDescent(
            SignDescent.Hyperparameters(threshold: 0.5),
            options: OptimizerOptions(learningRate: Halving(initialLearningRate: 0.5, period: 3)))
        let json = try JSON(encoding: OptimizerEnvelope(optimizer))
        #expect(json["registered_name"] == .string("SignDescent"))
        let read = try json.decoded(as: OptimizerEnvelope.self, userInfo: [.configurationTypes: types])
        let made = try #require(read.optimizer as? SignDescent)
        #expect(made.threshold == 0.5)
        #expect((made.learningRateSchedule as? Halving)?.period == 3)
        checkOptimizer { SignDescent(SignDescent.Hyperparameters(threshold: 0.1), options: $0) }
    }
}

private final class SignDescent: Optimizer, ConfigurableOptimizer {
    struct Hyperparameters: OptimizerHyperparameters {
        var threshold: Double
        var problem: String? { threshold >= 0 ? nil : "threshold is \(threshold), expected 0 or more" }
    }
    let hyperparameters: Hyperparameters

    init(_ hyperparameters: Hyperparameters, options: OptimizerOptions) {
        self.hyperparameters = hyperparameters
        super.init(options: options)
    }

    override func update(_ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep) {
        let isLarge = (gradient.abs() .> self.threshold).cast(to: gradient.dtype)
        value -= gradient.sign() * isLarge * step.learningRate
    }
}

private struct Halving: ConfigurableSchedule {
    let initialLearningRate: Double
    let period: Int

    func callAsFunction(_ step: Int) -> Double { initialLearningRate / Double(1 << (step / period)) }
}

extension Optimizer {
    fileprivate var json: JSON {
        guard let json = try? JSON(encoding: OptimizerEnvelope(self)) else { return .null }
        return json
    }
}

extension JSON {
    /// The same with another value under a path of keys.
    fileprivate func setting(_ path: [String], to value: JSON) -> JSON {
        guard let key = path.first else { return value }
        var object = object ?? JSON.Object()
        object[key] = (object[key] ?? .null).setting(Array(path.dropFirst()), to: value)
        return .object(object)
    }
}
