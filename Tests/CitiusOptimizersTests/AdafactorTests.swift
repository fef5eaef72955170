import CitiusOptimizers
import CitiusTestSupport
import Testing

/// Keras rounds some of its constants to float32.
@Suite struct AdafactorTests {
    @Test(arguments: GoldenFile.load("optimizers/Adafactor").cases) func keepsItsPromises(golden: GoldenCase)
        throws
    {
        try checkOptimizer(Adafactor.self, golden, tolerance: 1e-8)
    }
}
