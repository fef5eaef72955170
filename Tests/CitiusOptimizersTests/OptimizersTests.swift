import CitiusAutograd
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

@Suite struct OptimizersTests {
    private func make(_ golden: GoldenCase) throws -> Optimizer {
        let rate = try #require(golden.number("learning_rate"))
        let decay = golden.number("weight_decay")
        let (norm, value) = (golden.number("clipnorm"), golden.number("clipvalue"))
        let globalNorm = golden.number("global_clipnorm")
        if golden.text("optimizer") == "SGD" {
            return SGD(
                learningRate: rate, momentum: golden.number("momentum") ?? 0,
                nesterov: golden.flag("nesterov"),
                weightDecay: decay, clipNorm: norm, clipValue: value, globalClipNorm: globalNorm)
        }
        return Adam(
            learningRate: rate, beta1: golden.number("beta_1") ?? 0.9,
            beta2: golden.number("beta_2") ?? 0.999,
            epsilon: golden.number("epsilon") ?? 1e-7, amsgrad: golden.flag("amsgrad"), weightDecay: decay,
            clipNorm: norm, clipValue: value, globalClipNorm: globalNorm)
    }

    /// The first five steps, after Keras.
    @Test(arguments: GoldenFile.load("optimizers").cases) func stepsAsKeras(golden: GoldenCase) throws {
        for dtype in [DType.float32, .float64] {
            let optimizer = try make(golden)
            let parameters = (0..<2).map {
                Parameter(name: "w\($0)", value: golden.tensor("weight\($0)", dtype: dtype))
            }
            for step in 0..<5 {
                optimizer.update(
                    parameters,
                    gradients: (0..<2).map { golden.tensor("gradient\($0)_step\(step)", dtype: dtype) })
                for (number, parameter) in parameters.enumerated() {
                    expectClose(
                        parameter.value, golden.tensor("weight\(number)_step\(step)", dtype: dtype),
                        absolute: 2e-6, relative: 1e-5, "\(golden), step \(step)")
                }
            }
            #expect(optimizer.iterations == 5)
        }
    }

    /// In float64 Keras rounds β to float32, so that the formula itself is the measure.
    @Test func adamIsItsFormula() {
        var w = 0.5
        var (m, v) = (0.0, 0.0)
        let parameter = Parameter(name: "w", value: Tensor([w]))
        let adam = Adam(learningRate: 0.02)
        for t in 1...20 {
            let g = 3 * w - 1
            adam.update([parameter], gradients: [Tensor([g])])
            m += (g - m) * (1 - 0.9)
            v += (g * g - v) * (1 - 0.999)
            let alpha =
                0.02 * (1 - Double.pow(0.999, Double(t))).squareRoot() / (1 - Double.pow(0.9, Double(t)))
            w -= alpha * m / (v.squareRoot() + 1e-7)
            #expect(abs(parameter.value.scalar - w) < 1e-14)
            w = parameter.value.scalar
        }
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
}
