import CitiusOptimizers
import CitiusTestSupport
import Testing

@Suite struct ScheduleFreeAdamWTests {
    @Test(arguments: GoldenFile.load("optimizers/ScheduleFreeAdamW").cases) func keepsItsPromises(
        golden: GoldenCase
    )
        throws
    {
        try checkOptimizer(ScheduleFreeAdamW.self, golden)
    }
}
