import CitiusTestSupport
import Testing

@testable import CitiusAutograd
@testable import CitiusTensor

/// Docs/Numerics.md: from what size of numbers on Winograd's sums overflow where those of the direct way do not.
@Suite struct WinogradRangeTests {
    private static let channels = 16

    private func convolve(
        inputs: Double, weights: Double, _ method: ConvolutionMethod, _ dtype: DType = .float32
    ) -> Tensor {
        // The signs of one transform: Bᵀ d B adds up all four of a tile's inputs without cancelling.
        let signs = Tensor([1, 1, -1, -1, 1, 1, -1, -1] as [Float])
        let image = signs.reshaped(to: [8, 1]) * signs.reshaped(to: [1, 8])
        let x = image.reshaped(to: [1, 8, 8, 1]).expanded(to: [1, 8, 8, Self.channels]) * inputs
        let kernel = Tensor(ones: [3, 3, Self.channels, 16]) * weights
        return Variable(x.cast(to: dtype)).conv2D(
            Variable(kernel.cast(to: dtype)), epilogue: Epilogue(),
            acceleration: Acceleration(convolution: method)
        ).value
    }

    private func isFinite(_ x: Tensor) -> Bool { x.isFinite().all().element(as: Bool.self) }

    /// Inputs up to a quarter of the largest number, and 81·channels·|x|·|w| up to that number.
    @Test func withinItsRangeNothingOverflows() {
        let largest = Double(Float.greatestFiniteMagnitude)
        for (inputs, weights) in [
            (largest * 0.249, 1 / (81 * 16 * 0.26)), (1, largest * 0.99 / (81 * 16)),
            (1e20, largest * 0.99 / (81 * 16) / 1e20),
        ] {
            let winograd = convolve(inputs: inputs, weights: weights, .automatic)
            let exact = convolve(inputs: inputs, weights: weights, .general, .float64)
            #expect(isFinite(winograd), "inputs \(inputs), weights \(weights)")
            let error = (winograd.cast(to: .float64) - exact).abs().max().scalar
            // The sizes that the transforms work with, times some rounding units.
            #expect(error <= 81 * 16 * inputs * weights * 0x1p-22, "inputs \(inputs), weights \(weights)")
        }
    }

    /// Beyond it, the direct way still holds.
    @Test func beyondItsRangeTheDirectWayHolds() {
        for (inputs, weights) in [(1e38, 1e-3), (2e38, 1e-4)] {
            #expect(!isFinite(convolve(inputs: inputs, weights: weights, .automatic)))
            #expect(isFinite(convolve(inputs: inputs, weights: weights, .direct)))
        }
    }
}
