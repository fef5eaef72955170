import CitiusOptimizers
import CitiusTestSupport
import Testing

@Suite struct LambTests {
    @Test(arguments: GoldenFile.load("optimizers/Lamb").cases) func keepsItsPromises(golden: GoldenCase)
        throws
    {
        try checkOptimizer(Lamb.self, golden)
    }
}
