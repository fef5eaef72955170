import CitiusOptimizers
import CitiusTestSupport
import Testing

@Suite struct LionTests {
    @Test(arguments: GoldenFile.load("optimizers/Lion").cases) func keepsItsPromises(golden: GoldenCase)
        throws
    {
        try checkOptimizer(Lion.self, golden)
    }
}
