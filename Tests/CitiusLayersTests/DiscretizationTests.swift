import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

@Suite struct DiscretizationTests {
    @Test func keras() { checkGolden("Discretization") }

    /// Boundaries that Keras finds, on every backend the same: `keras.layers.Discretization(num_bins=…)`.
    @Test func quantiles() {
        let layer = Discretization(numBins: 3)
        layer.adapt(on: Tensor([1.0, 2, 3, 4, 5, 6]))
        #expect(layer.configuration.binBoundaries == [2, 4])
        #expect(layer(Tensor([0.5, 2, 3.9, 4, 100])).elements(as: Int64.self) == [0, 1, 1, 2, 2])
        // 1,000 numbers in 4 bins are within the tolerance of the quartiles, batch by batch too.
        let numbers = randomTensor([1_000], in: 0..<1, seed: 3).cast(to: .float32)
        for batch in [1_000, 64] {
            let layer = Discretization(numBins: 4, epsilon: 0.01)
            layer.adapt { body in
                for start in stride(from: 0, to: 1_000, by: batch) {
                    body(numbers[start..<min(1_000, start + batch)])
                }
            }
            let counts = Discretization(
                binBoundaries: layer.configuration.binBoundaries ?? [], outputMode: .count)(
                    numbers.reshaped(to: [1, 1_000]))
            #expect(counts.elements(as: Float.self).allSatisfy { abs($0 - 250) < 40 }, "\(counts)")
        }
    }

    @Test func notANumberIsInTheLastBin() {
        #expect(
            Discretization(binBoundaries: [0])(Tensor([Float.nan, -1, 0])).elements(as: Int64.self) == [
                1, 0, 1,
            ])
    }

    @Test func mistakesSaySo() async {
        let early = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Discretization(numBins: 3)(Tensor([1.0]))
        }
        #expect(message(of: early).contains("Discretization: it has no bins yet: adapt it"))
        let falling = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Discretization(binBoundaries: [2, 1])
        }
        #expect(message(of: falling).contains("binBoundaries are to be finite and ascending"))
    }
}
