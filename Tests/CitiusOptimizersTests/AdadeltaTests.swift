import CitiusOptimizers
import CitiusTestSupport
import Testing

@Suite struct AdadeltaTests {
    @Test(arguments: GoldenFile.load("optimizers/Adadelta").cases) func keepsItsPromises(golden: GoldenCase)
        throws
    {
        try checkOptimizer(Adadelta.self, golden)
    }
}
