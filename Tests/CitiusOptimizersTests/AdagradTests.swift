import CitiusOptimizers
import CitiusTestSupport
import Testing

@Suite struct AdagradTests {
    @Test(arguments: GoldenFile.load("optimizers/Adagrad").cases) func keepsItsPromises(golden: GoldenCase)
        throws
    {
        try checkOptimizer(Adagrad.self, golden)
    }
}
