import CitiusOptimizers
import CitiusTestSupport
import Testing

@Suite struct FtrlTests {
    @Test(arguments: GoldenFile.load("optimizers/Ftrl").cases) func keepsItsPromises(golden: GoldenCase)
        throws
    {
        try checkOptimizer(Ftrl.self, golden)
    }
}
