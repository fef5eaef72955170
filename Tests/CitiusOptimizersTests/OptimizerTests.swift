import CitiusAutograd
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

/// Momentum as a user writes it.
private final class HeavyBall: Optimizer {
    override var slotNames: [String] { ["velocity"] }

    override func update(_ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep) {
        slots["velocity"] *= 0.9
        slots["velocity"] -= gradient * step.learningRate
        value += slots["velocity"]
    }
}

/// Slots of another shape than the parameter's.
private final class CountingDescent: Optimizer {
    override var slotNames: [String] { ["count"] }

    override func makeSlot(_ name: String, for parameter: Parameter) -> Tensor { Tensor(0 as Double) }

    override func update(_ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep) {
        slots["count"] += 1
        #expect(slots["count"].scalar == Double(step.number))
        value -= gradient * (step.learningRate / slots["count"].scalar)
    }
}

@Suite struct OptimizerTests {
    private func parameters(_ dtype: DType = .float64) -> [Parameter] {
        [
            Parameter(name: "kernel", value: randomTensor([3, 4], dtype: dtype, seed: 1)),
            Parameter(name: "bias", value: randomTensor([4], dtype: dtype, seed: 2)),
        ]
    }

    private func gradients(_ step: Int, _ dtype: DType = .float64) -> [Tensor] {
        [
            randomTensor([3, 4], dtype: dtype, seed: UInt64(10 + 2 * step)),
            randomTensor([4], dtype: dtype, seed: UInt64(11 + 2 * step)),
        ]
    }

    /// The formula in plain tensor code gets what the fused pass gets from the base.
    @Test(
        arguments: [
            OptimizerOptions(learningRate: 0.1),
            OptimizerOptions(learningRate: 0.1, weightDecay: 0.02, clipNorm: 0.5),
            OptimizerOptions(learningRate: 0.1, clipValue: 0.25, useEMA: true, emaOverwriteFrequency: 2),
            OptimizerOptions(learningRate: 0.1, globalClipNorm: 0.5, gradientAccumulationSteps: 3),
        ] as [OptimizerOptions], [DType.float32, .float64])
    func plainAndFusedAgree(options: OptimizerOptions, dtype: DType) {
        let plain = HeavyBall(options: options)
        let fused = SGD(
            learningRate: options.learningRate, momentum: 0.9, weightDecay: options.weightDecay,
            clipNorm: options.clipNorm, clipValue: options.clipValue, globalClipNorm: options.globalClipNorm,
            useEMA: options.useEMA, emaOverwriteFrequency: options.emaOverwriteFrequency,
            gradientAccumulationSteps: options.gradientAccumulationSteps)
        let (first, second) = (parameters(dtype), parameters(dtype))
        for step in 0..<7 {
            plain.update(first, gradients: gradients(step, dtype))
            fused.update(second, gradients: gradients(step, dtype))
            for (a, b) in zip(first, second) {
                expectClose(a.value, b.value, absolute: dtype == .float32 ? 1e-6 : 1e-14, relative: 0)
            }
        }
        #expect(plain.iterations == fused.iterations)
        #expect(plain.iterations == (options.gradientAccumulationSteps == nil ? 7 : 2))
        #expect(first[0].value != parameters(dtype)[0].value)
    }

    @Test func slotsHaveAnyShape() {
        let optimizer = CountingDescent(learningRate: 0.1)
        let parameters = parameters()
        for step in 0..<3 { optimizer.update(parameters, gradients: gradients(step)) }
        #expect(optimizer.iterations == 3)
    }

    @Test func aLearningRateIsANumberOrASchedule() {
        struct Halving: LearningRateSchedule {
            func callAsFunction(_ step: Int) -> Double { 1 / Double(1 << step) }
        }
        let rate = 0.25
        #expect(Adam(0.5).learningRate == 0.5)
        #expect(SGD(1).learningRate == 1)
        #expect(SGD(rate, momentum: 0.5).learningRate == 0.25)
        let leading: [Optimizer] = [.adam, .sgd, SGD(learningRate: rate)]
        #expect(leading.map(\.learningRate) == [0.001, 0.01, 0.25])

        let optimizer = SGD(learningRate: Halving())
        let parameter = Parameter(name: "w", value: Tensor([0 as Double]))
        for expected in [1, 0.5, 0.25] {
            #expect(optimizer.learningRate == expected)
            let before = parameter.value.scalar
            optimizer.update([parameter], gradients: [Tensor([1 as Double])])
            #expect(parameter.value.scalar == before - expected)
        }
        optimizer.learningRateSchedule = 0.5
        optimizer.learningRate = 0.125
        #expect(optimizer.learningRate == 0.125)
    }

    @Test func aScheduledLearningRateCannotBeSet() async {
        struct Slow: LearningRateSchedule {
            func callAsFunction(_ step: Int) -> Double { 0.001 }
        }
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            Adam(learningRate: Slow()).learningRate = 0.1
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("Adam: learningRate is set to 0.1, but a schedule decides it"))
    }

    /// One optimizer that trains one model after the other keeps the state of those that are alive.
    @Test func stateGoesWithItsParameters() {
        let optimizer = Adam()
        func train(_ parameters: [Parameter]) {
            optimizer.update(parameters, gradients: parameters.map { _ in Tensor(ones: [8]) })
        }
        func make(_ count: Int) -> [Parameter] {
            (0..<count).map { Parameter(name: "\($0)", value: Tensor(ones: [8])) }
        }
        let kept = make(1)
        train(kept)
        // At once, so that each has an address of its own.
        train(make(100))
        let next = make(1)
        train(next)
        #expect(optimizer.stateCount == 2)
        #expect(optimizer.slots(of: kept[0]).count == 2 && optimizer.slots(of: next[0]).count == 2)
        #expect(optimizer.slots(of: kept[0])[0].elements(as: Float.self)[0] > 0)
    }

    /// Large parameters are split over threads and, in float32, run through vectors; the small ones of a step
    /// do not. Both must give what one element alone gets.
    @Test(arguments: [DType.float32, .float64]) func everyElementIsTreatedAlike(dtype: DType) {
        for make in [{ Adam(amsgrad: true) }, { SGD(momentum: 0.9, nesterov: true, weightDecay: 0.1) }]
            as [() -> Optimizer]
        {
            let count = 100_003
            let (large, small) = (make(), make())
            let start = randomTensor([count], dtype: dtype, seed: 1)
            let parameter = Parameter(name: "large", value: start)
            let picked = [0, 1, 7, 50_001, count - 2, count - 1]
            let samples = picked.map { Parameter(name: "\($0)", value: start[$0..<$0 + 1]) }
            for step in 0..<3 {
                let gradient = randomTensor([count], dtype: dtype, seed: UInt64(10 + step))
                large.update([parameter], gradients: [gradient])
                small.update(samples, gradients: picked.map { gradient[$0..<$0 + 1] })
            }
            for (place, sample) in zip(picked, samples) {
                expectClose(parameter.value[place..<place + 1], sample.value, absolute: 1e-7, relative: 1e-6)
            }
        }
    }

    @Test func steadyStepsStayInPlace() {
        let parameter = Parameter(name: "w", value: Tensor(ones: [1_000]))
        let optimizer = Adam()
        optimizer.update([parameter], gradients: [Tensor(ones: [1_000])])
        let address = parameter.value.address
        for _ in 0..<3 { optimizer.update([parameter], gradients: [Tensor(ones: [1_000])]) }
        #expect(parameter.value.address == address)
        // A copy that somebody holds is not changed.
        let copy = parameter.value
        optimizer.update([parameter], gradients: [Tensor(ones: [1_000])])
        #expect(copy != parameter.value)
    }

    @Test func wrongGradientsTrap() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            SGD().update(
                [Parameter(name: "kernel", value: Tensor(zeros: [2]))], gradients: [Tensor(zeros: [3])])
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(message.contains("SGD: the gradient of kernel is float32 [3], expected float32 [2]"))
    }

    /// Keras's order: constraints come last.
    @Test func constraintsFollowTheStep() {
        let parameter = Parameter(name: "w", value: Tensor([0.5, -0.5] as [Double]))
        parameter.constraint = Constraint("cut") { $0.clamped(to: -0.25...0.75) }
        SGD(learningRate: 1).update([parameter], gradients: [Tensor([0.5, -0.125] as [Double])])
        #expect(parameter.value == Tensor([0, -0.25] as [Double]))
    }
}
