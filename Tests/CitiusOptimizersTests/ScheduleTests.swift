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

    /// The rates are those of `torch.optim.lr_scheduler.OneCycleLR` (2.15, in float64).
    @Test func oneCycle() throws {
        let cosine = OneCycle(maximumLearningRate: 0.1, totalSteps: 10)
        let linear = OneCycle(
            maximumLearningRate: 0.1, totalSteps: 12, warmupFraction: 0.25, divisor: 10, finalDivisor: 100,
            annealing: .linear)
        let short = OneCycle(maximumLearningRate: 0.1, totalSteps: 4, warmupFraction: 0.01)
        let expected: [(OneCycle, [Double])] = [
            (
                cosine,
                [
                    0.004, 0.052, 0.1, 0.09504846320134738, 0.0811745653949763, 0.06112620219362893,
                    0.03887419780637107, 0.0188258346050237, 0.004951936798652629, 4e-7, 4e-7,
                ]
            ),
            (
                linear,
                [
                    0.01, 0.055, 0.1, 0.0889, 0.0778, 0.0667, 0.0556, 0.0445, 0.0334, 0.0223, 0.0112, 0.0001,
                    0.0001,
                ]
            ),
            (short, [0.08618675715844588, 0.05079349501854764, 0.014926595909661472, 4e-7]),
        ]
        for (schedule, rates) in expected {
            for (step, rate) in rates.enumerated() {
                #expect(abs(schedule(step) - rate) <= 1e-15, "\(schedule), step \(step)")
            }
            let copy: OneCycle = try JSON(encoding: schedule).decoded()
            #expect(copy(1) == schedule(1) && copy(3) == schedule(3))
        }
    }

    /// A cycle whose rise ends with the first step begins at the peak, one of a rise alone never falls.
    @Test func oneCycleOfRiseAndOfFallAlone() {
        #expect(OneCycle(maximumLearningRate: 0.1, totalSteps: 10, warmupFraction: 0.1)(0) == 0.1)
        let rise = OneCycle(maximumLearningRate: 0.1, totalSteps: 11, warmupFraction: 1, annealing: .linear)
        #expect((1..<11).allSatisfy { rise($0) > rise($0 - 1) } && abs(rise(10) - 0.1) < 1e-15)
        #expect(rise.problem == nil)
    }
}
