import CitiusOptimizers
import CitiusTestSupport
import Testing

@Suite struct SGDTests {
    @Test(arguments: GoldenFile.load("optimizers/SGD").cases) func keepsItsPromises(golden: GoldenCase) throws
    {
        try checkOptimizer(SGD.self, golden)
    }
}
