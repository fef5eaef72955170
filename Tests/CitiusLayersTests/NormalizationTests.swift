import CitiusData
import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

@Suite struct NormalizationTests {
    @Test func keras() { checkGolden("Normalization") }

    @Test func contract() {
        let names = ["mean", "variance", "count"]
        checkGradients(at: [randomTensor([3, 4], seed: 1)]) {
            let layer = Normalization(mean: [1, 2, 3, 4], variance: [1, 0.5, 2, 0.25])
            layer.dtype = .float64
            return layer($0[0])
        }
        let layer = Normalization()
        _ = layer(Tensor(zeros: [2, 3]))
        #expect(layer.parameters.map(\.name) == names)
        #expect(layer.parameters.map(\.isLearned) == [false, false, false])
        #expect(layer.parameters.map(\.dtype) == [.float32, .float32, .int32])
    }

    /// Means and variances are those of all elements, whatever the batches.
    @Test func adapting() {
        let samples = randomTensor([37, 5, 3], in: 100..<101, seed: 2).cast(to: .float32)
        let whole = Normalization()
        whole.adapt(on: samples)
        let mean = samples.cast(to: .float64).mean(axes: [0, 1])
        let variance = samples.cast(to: .float64).variance(axes: [0, 1])
        expectClose(whole.parameters[0].value.cast(to: .float64), mean, absolute: 1e-5)
        expectClose(whole.parameters[1].value.cast(to: .float64), variance, absolute: 1e-8, relative: 1e-6)
        let streamed = Normalization()
        streamed.adapt(
            on: Dataset(inputs: samples, targets: Tensor(zeros: [37], dtype: .int64)), batchSize: 4)
        #expect(streamed.parameters.map(\.value) == whole.parameters.map(\.value))
        let output = whole(samples).cast(to: .float64)
        expectClose(output.mean(axes: [0, 1]), Tensor(zeros: [3], dtype: .float64), absolute: 1e-4)
        expectClose(output.variance(axes: [0, 1]), Tensor(ones: [3], dtype: .float64), absolute: 1e-4)
    }

    /// Whole numbers that float32 and running means would lose: 16,777,217 times 1 beside one of 2²⁴, say.
    @Test func sumsOfWholeNumbersAreExact() {
        var numbers = [Int64](repeating: 1, count: 1_000)
        numbers += [1 << 53, -(1 << 53)]
        let layer = Normalization(axis: nil)
        layer.dtype = .float64
        layer.adapt(on: Tensor(numbers, shape: [1_002, 1]))
        #expect(layer.parameters[0].value.scalar == 1_000.0 / 1_002)
        let alternating = Normalization(axis: nil)
        alternating.adapt(on: Tensor((0..<100_000).map { Float(10_000 + $0 % 2) }, shape: [100_000, 1]))
        #expect(alternating.parameters[0].value.scalar == 10_000.5)
        #expect(alternating.parameters[1].value.scalar == 0.25)
    }

    @Test func scaledBytes() {
        let pixels = Tensor([0, 255, 51, 204] as [UInt8], shape: [4, 1])
        let layer = Normalization()
        layer.adapt(on: Dataset(inputs: pixels, targets: pixels).scaled(by: 1.0 / 255))
        expectClose(layer.parameters[0].value, Tensor([Float(0.5)]), absolute: 1e-7)
    }

    @Test func mistakesSaySo() async {
        let given = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            Normalization(mean: 1, variance: 2).adapt(on: Tensor([[1.0]]))
        }
        #expect(
            message(of: given).contains(
                "Normalization: adapt was called, but its mean and variance were given"))
        let empty = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            Normalization().adapt(on: Tensor(zeros: [0, 3]))
        }
        #expect(message(of: empty).contains("Normalization: adapt got no samples"))
        let batch = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Normalization(axis: 0)(Tensor([[1.0]]))
        }
        #expect(
            message(of: batch).contains("axes [0] are none of samples of shape [1], whose batch is axis 0"))
    }
}
