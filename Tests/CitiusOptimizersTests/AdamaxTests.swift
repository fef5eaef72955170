import CitiusOptimizers
import CitiusTestSupport
import Testing

@Suite struct AdamaxTests {
    @Test(arguments: GoldenFile.load("optimizers/Adamax").cases) func keepsItsPromises(golden: GoldenCase)
        throws
    {
        try checkOptimizer(Adamax.self, golden)
    }
}
