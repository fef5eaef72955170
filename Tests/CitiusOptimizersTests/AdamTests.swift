import CitiusAutograd
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor
import CitiusTestSupport
import Testing

@Suite struct AdamTests {
    @Test(arguments: GoldenFile.load("optimizers/Adam").cases) func keepsItsPromises(golden: GoldenCase)
        throws
    {
        try checkOptimizer(Adam.self, golden)
    }

    /// The formula itself, over more steps.
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
}
