import CitiusConfiguration
import CitiusOptimizers
import CitiusTestSupport
import Testing

/// Expects a schedule to be made from Keras's description, to describe itself in the same way, and to have Keras's rates.
///
/// - Parameter tolerance: relative to the first rate. Keras rounds π to float32, and some constants beside it.
private func check<Schedule: ConfigurableSchedule>(
    _ type: Schedule.Type, _ golden: GoldenCase, tolerance: Double = 1e-12
) throws {
    let json = try JSON(parsing: golden.text("configuration"))
    let schedule: Schedule = try #require(json["config"]).decoded()
    #expect(try JSON(encoding: schedule) == json["config"])
    #expect(Schedule.className == json["class_name"]?.string && Schedule.module == json["module"]?.string)
    let expected = golden.tensor("rates").elements(as: Double.self)
    for (step, rate) in expected.enumerated() {
        #expect(abs(schedule(step) - rate) <= tolerance * expected[0], "\(golden), step \(step)")
    }
}

@Suite struct ScheduleTests {
    @Test(arguments: GoldenFile.load("schedules/ExponentialDecay").cases)
    func exponentialDecay(golden: GoldenCase) throws { try check(ExponentialDecay.self, golden) }

    @Test(arguments: GoldenFile.load("schedules/InverseTimeDecay").cases)
    func inverseTimeDecay(golden: GoldenCase) throws { try check(InverseTimeDecay.self, golden) }

    @Test(arguments: GoldenFile.load("schedules/PolynomialDecay").cases)
    func polynomialDecay(golden: GoldenCase) throws { try check(PolynomialDecay.self, golden) }

    @Test(arguments: GoldenFile.load("schedules/PiecewiseConstantDecay").cases)
    func piecewiseConstantDecay(golden: GoldenCase) throws { try check(PiecewiseConstantDecay.self, golden) }

    @Test(arguments: GoldenFile.load("schedules/CosineDecay").cases)
    func cosineDecay(golden: GoldenCase) throws { try check(CosineDecay.self, golden, tolerance: 1e-6) }

    @Test(arguments: GoldenFile.load("schedules/CosineDecayRestarts").cases)
    func cosineDecayRestarts(golden: GoldenCase) throws {
        try check(CosineDecayRestarts.self, golden, tolerance: 1e-6)
    }
}
