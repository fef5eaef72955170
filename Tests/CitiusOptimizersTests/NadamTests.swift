import CitiusOptimizers
import CitiusTestSupport
import Testing

@Suite struct NadamTests {
    @Test(arguments: GoldenFile.load("optimizers/Nadam").cases) func keepsItsPromises(golden: GoldenCase)
        throws
    {
        try checkOptimizer(Nadam.self, golden)
    }
}
