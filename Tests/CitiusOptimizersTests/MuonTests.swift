import CitiusOptimizers
import CitiusTestSupport
import Testing

@Suite struct MuonTests {
    @Test(arguments: GoldenFile.load("optimizers/Muon").cases) func keepsItsPromises(golden: GoldenCase)
        throws
    {
        try checkOptimizer(Muon.self, golden, decaysAlike: false)
    }
}
