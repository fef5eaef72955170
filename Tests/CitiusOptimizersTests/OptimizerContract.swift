import CitiusAutograd
import CitiusConfiguration
import CitiusOptimizers
import CitiusTensor
import CitiusTestSupport
import Testing

/// What every optimizer must promise, with the values that Keras computed for one (`Tests/Golden/optimizers.py`).
func checkOptimizer<Kind: ConfigurableOptimizer>(
    _ type: Kind.Type, _ golden: GoldenCase, tolerance: Double = 1e-12, decaysAlike: Bool = true,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let optimizer = try #require(
        try checkGolden(
            golden, types: [Kind.Configuration.self, ExponentialDecay.self], tolerance: tolerance,
            sourceLocation: sourceLocation) as? Kind)
    checkOptimizer(decaysAlike: decaysAlike, sourceLocation: sourceLocation) { options in
        Kind(optimizer.hyperparameters, options: options)
    }
}

/// Compares an optimizer with the values that Keras computed, and saves and restores it between its steps.
@discardableResult func checkGolden(
    _ golden: GoldenCase, types: [any ConfigurationNamed.Type], tolerance: Double = 1e-12,
    sourceLocation: SourceLocation = #_sourceLocation
) throws -> Optimizer {
    let json = try JSON(parsing: golden.text("configuration"))
    let types = ConfigurationTypes(types)
    func make() throws -> Optimizer {
        try json.decoded(as: OptimizerEnvelope.self, userInfo: [.configurationTypes: types]).optimizer
    }
    let optimizer = try make()
    let excluded = golden.text("excluded").split(separator: " ").map(String.init)
    #expect(try JSON(encoding: OptimizerEnvelope(optimizer)) == json, sourceLocation: sourceLocation)

    for dtype in [DType.float64, .float32] {
        let run = GoldenRun(golden, dtype, tolerance: tolerance)
        let optimizer = try make()
        optimizer.excludeFromWeightDecay(named: excluded)
        for step in 0..<GoldenRun.steps { run.check(optimizer, step, sourceLocation) }
        run.checkKerasVariables(of: optimizer, fresh: try make(), sourceLocation)
    }

    // Saved, restored and continued in the middle, before any step, and after more of them.
    for saved in [0, 1, 3] {
        let (straight, resumed) = (GoldenRun(golden, .float32), GoldenRun(golden, .float32))
        let (first, second) = (try make(), try make())
        first.excludeFromWeightDecay(named: excluded)
        var state: [Optimizer.NamedTensor] = []
        for step in 0..<GoldenRun.steps {
            if step == saved {
                state = first.state(for: straight.named)
                resumed.setValues(of: straight)
            }
            first.update(straight.parameters, gradients: straight.gradients(step))
        }
        try second.restore(state, for: resumed.named)
        for step in saved..<GoldenRun.steps {
            second.update(resumed.parameters, gradients: resumed.gradients(step))
        }
        #expect(straight.values == resumed.values, "from step \(saved)", sourceLocation: sourceLocation)
        #expect(
            first.state(for: straight.named).map(\.tensor) == second.state(for: resumed.named).map(\.tensor),
            sourceLocation: sourceLocation)
    }
    return optimizer
}

/// What the base promises for every formula, a user's own included.
///
/// - Parameter decaysAlike: whether the option `weightDecay` is that of all parameters.
func checkOptimizer(
    decaysAlike: Bool = true, sourceLocation: SourceLocation = #_sourceLocation,
    _ make: (OptimizerOptions) -> Optimizer
) {
    let steps = 4
    func parameters() -> [Parameter] {
        [
            Parameter(name: "kernel", value: randomTensor([3, 4], seed: 1)),
            Parameter(name: "bias", value: randomTensor([5], seed: 2)),
        ]
    }
    func gradients(_ step: Int) -> [Tensor] {
        [
            randomTensor([3, 4], seed: UInt64(10 + 2 * step)), randomTensor([5], seed: UInt64(11 + 2 * step)),
        ]
    }
    /// The values after some steps.
    func values(
        _ options: OptimizerOptions, prepare: (Optimizer, [Parameter]) -> Void = { _, _ in },
        steps: Int = steps, gradients: (Int) -> [Tensor] = gradients
    ) -> [Tensor] {
        let (optimizer, parameters) = (make(options), parameters())
        prepare(optimizer, parameters)
        for step in 0..<steps { optimizer.update(parameters, gradients: gradients(step)) }
        return parameters.map(\.value)
    }
    func options(
        _ rate: Double = 0.05, decay: Double = 0, _ change: (inout OptimizerOptions) -> Void = { _ in }
    )
        -> OptimizerOptions
    {
        var options = OptimizerOptions(learningRate: rate, weightDecay: decay)
        change(&options)
        return options
    }
    func expectEqual(_ a: [Tensor], _ b: [Tensor], _ what: String) {
        for (a, b) in zip(a, b) {
            expectClose(a, b, absolute: 1e-12, relative: 1e-12, what, sourceLocation: sourceLocation)
        }
    }
    let plain = values(options())
    let start = parameters().map(\.value)
    #expect(plain[0] != start[0] && plain[1] != start[1], sourceLocation: sourceLocation)

    if decaysAlike {
        let decayed = values(options(decay: 0.1))
        #expect(decayed[0] != plain[0] && decayed[1] != plain[1], sourceLocation: sourceLocation)
        let half = values(options(decay: 0.1)) { optimizer, _ in
            optimizer.excludeFromWeightDecay(named: ["bias"])
        }
        expectEqual(half, [decayed[0], plain[1]], "excluded by name")
        let other = values(options(decay: 0.1)) { optimizer, parameters in
            optimizer.excludeFromWeightDecay([parameters[0]])
        }
        expectEqual(other, [plain[0], decayed[1]], "excluded by itself")
        let slower = values(options(decay: 0.1)) { optimizer, parameters in
            optimizer.setLearningRateMultiplier(0.5, for: [parameters[1]])
        }
        expectEqual(
            slower, [decayed[0], values(options(0.025, decay: 0.1))[1]], "a multiplied learning rate")
    }

    expectEqual(
        values(options { $0.clipValue = 0.25 }),
        values(options(), gradients: { gradients($0).map { $0.clamped(to: -0.25...0.25) } }),
        "clipped by value")
    func shortened(_ gradient: Tensor, to bound: Double, norm: Double) -> Tensor {
        norm > bound ? gradient * (bound / norm) : gradient
    }
    func norm(_ tensors: [Tensor]) -> Double {
        tensors.reduce(0) { $0 + $1.squared().sum().scalar }.squareRoot()
    }
    expectEqual(
        values(options { $0.clipNorm = 0.5 }),
        values(options(), gradients: { gradients($0).map { shortened($0, to: 0.5, norm: norm([$0])) } }),
        "clipped by norm")
    expectEqual(
        values(options { $0.globalClipNorm = 0.5 }),
        values(
            options(),
            gradients: {
                let all = gradients($0)
                return all.map { shortened($0, to: 0.5, norm: norm(all)) }
            }), "clipped by global norm")

    expectEqual(
        values(options { $0.gradientAccumulationSteps = 2 }, steps: 2 * steps),
        values(
            options(), gradients: { zip(gradients(2 * $0), gradients(2 * $0 + 1)).map { ($0 + $1) / 2 } }),
        "accumulated")
    let (free, held) = (parameters(), parameters())
    for parameter in held { parameter.constraint = Constraint("nonnegative") { $0.maximum(0) } }
    let (first, second) = (make(options()), make(options()))
    for step in 0..<steps {
        first.update(free, gradients: gradients(step))
        for parameter in free { parameter.value = parameter.value.maximum(0) }
        second.update(held, gradients: gradients(step))
    }
    expectEqual(held.map(\.value), free.map(\.value), "constrained")

    let averaging = make(options { ($0.useEMA, $0.emaMomentum) = (true, 0.75) })
    let averaged = parameters()
    var average: [Tensor] = []
    for step in 0..<steps {
        averaging.update(averaged, gradients: gradients(step))
        let values = averaged.map(\.value)
        average = step == 0 ? values : zip(average, values).map { $0 * 0.75 + $1 * 0.25 }
    }
    expectEqual(averaged.map(\.value), plain, "beside averages")
    expectEqual(averaged.compactMap { averaging.averagedValue(of: $0) }, average, "averages")
    averaging.withAverages(of: averaged) { expectEqual(averaged.map(\.value), average, "with averages") }
    expectEqual(averaged.map(\.value), plain, "after averages")
    averaging.finalizeValues(of: averaged)
    expectEqual(averaged.map(\.value), average, "finalized")
}

/// The parameters and gradients of a golden case.
private struct GoldenRun {
    static let names = ["kernel", "bias"]
    static let steps = 6
    let golden: GoldenCase
    let dtype: DType
    let parameters: [Parameter]

    let tolerance: (absolute: Double, relative: Double)

    init(_ golden: GoldenCase, _ dtype: DType, tolerance: Double = 0) {
        self.tolerance = dtype == .float64 ? (tolerance, 10 * tolerance) : (5e-6, 2e-5)
        self.golden = golden
        self.dtype = dtype
        parameters = Self.names.map { Parameter(name: $0, value: golden.tensor($0, dtype: dtype)) }
    }

    var named: [Optimizer.NamedParameter] { parameters.map { ("layer/" + $0.name, $0) } }
    var values: [Tensor] { parameters.map(\.value) }

    func setValues(of other: GoldenRun) {
        for (parameter, value) in zip(parameters, other.values) { parameter.value = value }
    }

    func gradients(_ step: Int) -> [Tensor] {
        Self.names.map { golden.tensor("\($0)_gradient\(step)", dtype: dtype) }
    }

    /// Takes a step and compares the values with Keras's.
    func check(_ optimizer: Optimizer, _ step: Int, _ sourceLocation: SourceLocation) {
        optimizer.update(parameters, gradients: gradients(step))
        for parameter in parameters {
            expectClose(
                parameter.value, golden.tensor("\(parameter.name)_step\(step)", dtype: dtype),
                absolute: tolerance.absolute, relative: tolerance.relative,
                "\(golden), \(parameter.name) in \(dtype), step \(step)", sourceLocation: sourceLocation)
        }
    }

    /// At the end the optimizer keeps what Keras's keeps, in the order in which Keras saves it, and can read it.
    func checkKerasVariables(
        of optimizer: Optimizer, fresh: Optimizer, _ sourceLocation: SourceLocation
    ) {
        let variables = optimizer.kerasVariables(for: parameters)
        #expect(Double(variables.count) == golden.number("variables"), sourceLocation: sourceLocation)
        for (index, variable) in variables.enumerated() {
            expectClose(
                variable.cast(to: dtype), golden.tensor("variable\(index)", dtype: dtype),
                absolute: dtype == .float64 ? 1e-8 : 5e-6, relative: 2e-5,
                "\(golden), variable \(index) in \(dtype)", sourceLocation: sourceLocation)
        }
        do {
            try fresh.restore(kerasVariables: variables, for: parameters)
            #expect(
                fresh.kerasVariables(for: parameters) == variables, "\(golden)",
                sourceLocation: sourceLocation)
        } catch {
            Issue.record("\(golden): \(error)", sourceLocation: sourceLocation)
        }
    }
}
