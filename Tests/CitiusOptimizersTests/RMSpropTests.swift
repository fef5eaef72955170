import CitiusOptimizers
import CitiusTestSupport
import Testing

@Suite struct RMSpropTests {
    @Test(arguments: GoldenFile.load("optimizers/RMSprop").cases) func keepsItsPromises(golden: GoldenCase)
        throws
    {
        try checkOptimizer(RMSprop.self, golden)
    }
}
