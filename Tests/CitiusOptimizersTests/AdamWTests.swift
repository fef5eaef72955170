import CitiusOptimizers
import CitiusTestSupport
import Testing

@Suite struct AdamWTests {
    @Test(arguments: GoldenFile.load("optimizers/AdamW").cases) func keepsItsPromises(golden: GoldenCase)
        throws
    {
        try checkOptimizer(AdamW.self, golden)
    }
}
