import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// Changes parameters by their gradients. It sees parameters, never layers.
///
/// An optimizer of your own is a subclass with a formula in plain tensor code and the tensors that it keeps for each
/// parameter, its slots:
///
/// ```swift
/// final class HeavyBall: Optimizer {
///     override var slotNames: [String] { ["velocity"] }
///
///     override func update(
///         _ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep
///     ) {
///         slots["velocity"] *= 0.9
///         slots["velocity"] -= gradient * step.learningRate
///         value += slots["velocity"]
///     }
/// }
/// ```
///
/// The base does the rest, in Keras's order: it accumulates gradients, clips them, decays the weights, calls the
/// formula, averages the weights, and puts them back to where their constraints want them. Weights decay apart from the gradients ("Decoupled weight decay
/// regularization", Loshchilov and Hutter 2019): w ← w − w · weightDecay · learningRate.
///
/// What is kept for a parameter goes when the parameter does.
open class Optimizer {
    /// What the optimizer was told when it was made. The learning rate of now is `learningRate`.
    public let options: OptimizerOptions

    /// How often `update` was called; Keras's variable `iteration`.
    final var calls = 0
    final var states: [ObjectIdentifier: ParameterState] = [:]
    final var weightDecayExclusions: [(Parameter) -> Bool] = []
    private var rate: Rate
    private let clipping: GradientClipping?

    // Kept from step to step for their memory.
    private var stepStates: [ParameterState] = []
    private var segments: [StepSegment] = []

    private enum Rate {
        case constant(Double)
        case schedule(any LearningRateSchedule)

        init(_ schedule: any LearningRateSchedule) {
            switch schedule {
            case let number as Double: self = .constant(number)
            case let number as Int: self = .constant(Double(number))
            default: self = .schedule(schedule)
            }
        }
    }

    /// - Parameters:
    ///   - learningRate: the length of a step: a number or a schedule.
    ///   - weightDecay: the fraction of a weight that a step of learning rate 1 takes away.
    ///   - clipNorm: the largest norm of each gradient.
    ///   - clipValue: the largest magnitude of a gradient's elements.
    ///   - globalClipNorm: the largest norm of all gradients together.
    ///   - useEMA: whether running averages of the weights are kept.
    ///   - emaMomentum: how much of a running average a step keeps.
    ///   - emaOverwriteFrequency: after how many iterations the weights are overwritten with their averages.
    ///   - gradientAccumulationSteps: how many gradients are averaged for one change of the weights.
    ///   - name: kept for Keras's files.
    ///
    /// Traps if a number is out of range, or if more than one kind of clipping is given.
    public init(
        learningRate: any LearningRateSchedule = 0.001, weightDecay: Double? = nil, clipNorm: Double? = nil,
        clipValue: Double? = nil, globalClipNorm: Double? = nil, useEMA: Bool = false,
        emaMomentum: Double = 0.99,
        emaOverwriteFrequency: Int? = nil, gradientAccumulationSteps: Int? = nil, name: String? = nil
    ) {
        options = OptimizerOptions(
            learningRate: learningRate, weightDecay: weightDecay, clipNorm: clipNorm, clipValue: clipValue,
            globalClipNorm: globalClipNorm, useEMA: useEMA, emaMomentum: emaMomentum,
            emaOverwriteFrequency: emaOverwriteFrequency,
            gradientAccumulationSteps: gradientAccumulationSteps, name: name)
        (rate, clipping) = Self.checked(options)
    }

    /// Traps if a number is out of range, or if more than one kind of clipping is given.
    public init(options: OptimizerOptions) {
        self.options = options
        (rate, clipping) = Self.checked(options)
    }

    private static func checked(_ options: OptimizerOptions) -> (Rate, GradientClipping?) {
        if let problem = options.problem { fail("\(Self.self): \(problem)") }
        return (Rate(options.learningRate), GradientClipping(options))
    }

    // MARK: For subclasses

    /// The names of the tensors that are kept for each parameter.
    open var slotNames: [String] { [] }

    /// Whether a slot is kept for a parameter: by default all are for all.
    open func hasSlot(_ name: String, for parameter: Parameter) -> Bool { true }

    /// The names of the tensors that are kept for one parameter.
    final func slotNames(for parameter: Parameter) -> [String] {
        slotNames.filter { hasSlot($0, for: parameter) }
    }

    /// The tensor that a slot starts with: by default zeros of the parameter's shape and dtype.
    open func makeSlot(_ name: String, for parameter: Parameter) -> Tensor {
        Tensor(zeros: parameter.shape, dtype: parameter.dtype)
    }

    /// The formula: changes a parameter's value by its gradient, which has the value's shape and dtype and is
    /// clipped already.
    open func update(_ value: inout Tensor, gradient: Tensor, slots: inout Slots, step: OptimizerStep) {
        fail("\(Self.self): override update(_:gradient:slots:step:), the optimizer's formula")
    }

    /// The slots in the groups that Keras makes them in: a group's slots of all parameters stand together.
    package var slotGroups: [[String]] { [slotNames] }

    /// What Keras saves after the slots: it follows from the iteration, and is not read back.
    package func trailingKerasVariables(dtype: DType) -> [Tensor] { [] }

    /// The fraction of a parameter that a step of learning rate 1 takes away; nil for no decay.
    package func weightDecay(of parameter: Parameter) -> Double? { options.weightDecay }

    /// Whether `fusedStep` takes the place of the formula.
    package var isFused: Bool { false }

    /// The formula over flat memory, for all parameters of one element type in one pass.
    ///
    /// - Parameters:
    ///   - number: as in `OptimizerStep`.
    ///   - rate: the learning rate, which each segment multiplies by a factor of its own.
    ///   - limit: gradients are cut to ±limit.
    package func fusedStep<T: KernelReal>(
        _ segments: [StepSegment], of type: T.Type, number: Int, rate: Double, limit: Double
    ) {
        fail("\(Self.self): fusedStep is not overridden")
    }

    /// The formula for rows of a table that take steps apart; nil if the optimizer has none.
    package var rowRule: StepRule? { nil }

    /// What the formula of `rowRule` takes for the learning rate at a step.
    package func rowRate(number: Int, rate: Double) -> Double { rate }

    // MARK: Made of others

    /// Whether it leaves parameters to `parts` instead of changing them itself.
    package var isComposed: Bool { false }

    /// The optimizers that it leaves parameters to; of one that changes them itself, this one.
    package var parts: [Optimizer] { [self] }

    /// The one that changes a parameter.
    package func part(for parameter: Parameter) -> Optimizer { self }

    /// Why it cannot change parameters at these paths; nil if it can.
    package func fault(ofParametersAt paths: [String]) -> String? { nil }

    // MARK: The learning rate

    /// The learning rate of the next step, before any multiplier of a parameter.
    ///
    /// Traps for a `MultiOptimizer`, which has none of its own. Traps when set while a schedule is in place (assign
    /// `learningRateSchedule` to replace it), or to a negative or infinite number.
    public final var learningRate: Double {
        get {
            requireOwnRate()
            switch rate {
            case .constant(let rate): return rate
            case .schedule(let schedule):
                let rate = schedule(calls)
                Self.check(rate)
                return rate
            }
        }
        set {
            requireOwnRate()
            guard case .constant = rate else {
                fail(
                    """
                    \(Self.self): learningRate is set to \(newValue), but a schedule decides it; assign \
                    learningRateSchedule to replace the schedule
                    """)
            }
            Self.check(newValue)
            rate = .constant(newValue)
        }
    }

    /// What decides the learning rate; a number where it is constant. May be replaced between steps.
    public final var learningRateSchedule: any LearningRateSchedule {
        get {
            switch rate {
            case .constant(let rate): rate
            case .schedule(let schedule): schedule
            }
        }
        set {
            requireOwnRate()
            rate = Rate(newValue)
            if case .constant(let rate) = rate { Self.check(rate) }
        }
    }

    private func requireOwnRate() {
        require(
            !isComposed,
            "\(Self.self): it has no learning rate of its own; its optimizers have theirs, see `optimizers`")
    }

    /// The learning rate where it is a number, and one of the optimizer's own.
    package final var constantLearningRate: Double? {
        if case .constant(let rate) = rate, !isComposed { rate } else { nil }
    }

    private static func check(_ rate: Double) {
        require(
            rate >= 0 && rate.isFinite,
            "\(Self.self): learningRate is \(rate), expected a finite number of at least 0")
    }

    // MARK: A step

    /// How often the weights were changed so far.
    public final var iterations: Int { calls / (options.gradientAccumulationSteps ?? 1) }

    /// Takes one step: `gradients[i]` is the gradient of `parameters[i]`, of its shape and dtype. Without parameters
    /// nothing happens.
    ///
    /// Traps if their numbers, shapes or types differ, or if a parameter is given twice.
    public final func update(_ parameters: [Parameter], gradients: [Tensor]) {
        update(parameters, gradients: gradients.map { .dense($0) })
    }

    /// The same with gradients of which those of tables may be of the rows alone that were looked up.
    package func update(_ parameters: [Parameter], gradients: [ParameterGradient]) {
        require(
            parameters.count == gradients.count,
            "\(Self.self): \(gradients.count) gradients for \(parameters.count) parameters")
        guard !parameters.isEmpty else { return }
        findStates(of: parameters, gradients)
        let (parameters, gradients) = changeRows(parameters, gradients)
        if let steps = options.gradientAccumulationSteps {
            accumulate(parameters, gradients)
            if (calls + 1) % steps == 0 { changeByMeans(parameters, steps) }
        } else {
            change(parameters, gradients)
        }
        if options.useEMA { average(parameters) }
        for parameter in parameters {
            if let constraint = parameter.constraint { parameter.value = constraint(parameter.value) }
        }
        calls += 1
    }

    /// Takes the step of the parameters whose rows may take it apart; the others are left, with whole gradients, and
    /// their states in `stepStates`.
    private func changeRows(
        _ parameters: [Parameter], _ gradients: [ParameterGradient]
    ) -> ([Parameter], [Tensor]) {
        guard gradients.contains(where: { $0.isOfRows }) else {
            for parameter in parameters { parameter.settle() }
            return (parameters, gradients.map { $0.dense })
        }
        var rest: (parameters: [Parameter], gradients: [Tensor], states: [ParameterState]) = ([], [], [])
        for (index, parameter) in parameters.enumerated() {
            if case .rows(let gradient) = gradients[index],
                stepRows(of: parameter, stepStates[index], gradient)
            {
                continue
            }
            parameter.settle()
            rest.parameters.append(parameter)
            rest.gradients.append(gradients[index].dense)
            rest.states.append(stepStates[index])
        }
        stepStates = rest.states
        return (rest.parameters, rest.gradients)
    }

    /// Takes a table's step. Returns false, having done nothing, where the step needs the whole gradient or value.
    private func stepRows(of parameter: Parameter, _ state: ParameterState, _ gradient: RowGradient) -> Bool {
        guard let rule = rowRule, clipping?.isByNorm != true, options.gradientAccumulationSteps == nil,
            !options.useEMA, parameter.constraint == nil
        else { return false }
        let (number, rate) = (iterations + 1, learningRate)
        let terms = StepTerms(
            rate: rowRate(number: number, rate: rate) * state.learningRateMultiplier,
            kept: kept(of: state, parameter, rate), limit: options.clipValue ?? .infinity)
        let deferral = state.rowDeferral ?? RowDeferral(state, rule, rows: parameter.shape[0])
        state.rowDeferral = deferral
        deferral.step(parameter, gradient, terms)
        return true
    }

    /// Checks the gradients and puts the parameters' states into `stepStates`, in order.
    private func findStates(of parameters: [Parameter], _ gradients: [ParameterGradient]) {
        stepStates.removeAll(keepingCapacity: true)
        for index in parameters.indices {
            let (parameter, gradient) = (parameters[index], gradients[index])
            require(
                gradient.shape == parameter.shape && gradient.dtype == parameter.dtype,
                """
                \(Self.self): the gradient of \(parameter.name) is \(gradient.dtype) \(gradient.shape), \
                expected \(parameter.dtype) \(parameter.shape)
                """)
            let state = state(of: parameter)
            prepare(state, for: parameter)
            require(
                state.lastCall <= calls, "\(Self.self): parameter \(parameter.name) is given twice in a step")
            state.lastCall = calls + 1
            stepStates.append(state)
        }
    }

    private func accumulate(_ parameters: [Parameter], _ gradients: [Tensor]) {
        for (state, gradient) in zip(stepStates, gradients) { state.accumulated? += gradient }
    }

    private func changeByMeans(_ parameters: [Parameter], _ steps: Int) {
        let means = stepStates.map { state -> Tensor in
            guard let sum = state.accumulated else { fail("Optimizer: a gradient was not accumulated") }
            state.accumulated = Tensor(zeros: sum.shape, dtype: sum.dtype)
            return sum / Double(steps)
        }
        change(parameters, means)
    }

    private func change(_ parameters: [Parameter], _ gradients: [Tensor]) {
        let (number, rate) = (iterations + 1, learningRate)
        guard isFused else {
            var index = 0
            forEachScale(of: gradients) { scale in
                defer { index += 1 }
                change(parameters[index], stepStates[index], gradients[index], scale: scale, number, rate)
            }
            return
        }
        for dtype in DType.allCases where parameters.contains(where: { $0.dtype == dtype }) {
            gather(parameters, gradients, of: dtype, rate: rate)
            run(dtype.realType(for: "\(Self.self)"), number, rate)
        }
    }

    /// One parameter's step in plain tensor code.
    private func change(
        _ parameter: Parameter, _ state: ParameterState, _ gradient: Tensor, scale: Double, _ number: Int,
        _ rate: Double
    ) {
        guard var slots = state.slots.take() else { fail("Optimizer: a parameter has no slots") }
        var gradient = scale == 1 ? gradient : gradient * scale
        if let limit = options.clipValue { gradient = gradient.clamped(to: -limit...limit) }
        let kept = kept(of: state, parameter, rate)
        let step = OptimizerStep(
            number: number, learningRate: rate * state.learningRateMultiplier, parameter: parameter)
        parameter.update { value in
            if kept != 1 { value *= kept }
            update(&value, gradient: gradient, slots: &slots, step: step)
        }
        state.slots = slots
    }

    private func run<T: RealScalar>(_ type: T.Type, _ number: Int, _ rate: Double) {
        fusedStep(segments, of: T.self, number: number, rate: rate, limit: options.clipValue ?? .infinity)
    }

    /// Lists the buffers of all parameters of a type. They stay in place while the parameters, which own
    /// them alone after this, are not touched.
    private func gather(_ parameters: [Parameter], _ gradients: [Tensor], of dtype: DType, rate: Double) {
        segments.removeAll(keepingCapacity: true)
        var index = 0
        forEachScale(of: gradients) { scale in
            let (parameter, gradient, state) = (parameters[index], gradients[index], stepStates[index])
            index += 1
            guard parameter.dtype == dtype else { return }
            func slot(_ index: Int) -> UnsafeMutableRawPointer? {
                guard let count = state.slots?.tensors.count, index < count else { return nil }
                return state.slots?.tensors[index].mutableAddress()
            }
            segments.append(
                StepSegment(
                    value: parameter.update { $0.mutableAddress() }, gradient: gradient.address,
                    slots: (slot(0), slot(1), slot(2)), count: gradient.count, gradientScale: scale,
                    rateFactor: state.learningRateMultiplier, kept: kept(of: state, parameter, rate)))
        }
    }

    /// The part of a weight that decay leaves.
    private func kept(of state: ParameterState, _ parameter: Parameter, _ rate: Double) -> Double {
        guard let decay = weightDecay(of: parameter), !state.isExcludedFromWeightDecay else { return 1 }
        return 1 - decay * rate * state.learningRateMultiplier
    }

    private func forEachScale(of gradients: [Tensor], _ use: (Double) -> Void) {
        if let clipping {
            clipping.forEachScale(gradients, use)
        } else {
            for _ in gradients { use(1) }
        }
    }

    /// Keras's order: the averages follow the formula, and the weights are overwritten at the end.
    private func average(_ parameters: [Parameter]) {
        let overwrites = options.emaOverwriteFrequency.map { (iterations + 1) % $0 == 0 } ?? false
        for (parameter, state) in zip(parameters, stepStates) {
            state.average?.move(
                towards: parameter.value, momentum: iterations == 0 ? 0 : options.emaMomentum)
            if overwrites, let average = state.average { parameter.value = average }
        }
    }

    // MARK: What is kept for a parameter

    /// What is kept for a parameter, if there is something.
    final func knownState(of parameter: Parameter) -> ParameterState? {
        if isComposed { return part(for: parameter).knownState(of: parameter) }
        guard let state = states[ObjectIdentifier(parameter)], state.parameter === parameter else {
            return nil
        }
        return state
    }

    /// What is kept for a parameter, from now on.
    final func state(of parameter: Parameter) -> ParameterState {
        if isComposed { return part(for: parameter).state(of: parameter) }
        if let state = knownState(of: parameter) { return state }
        // Something changed: the moment to forget what is gone.
        states = states.filter { $0.value.parameter != nil }
        let state = ParameterState(parameter)
        state.isExcludedFromWeightDecay = weightDecayExclusions.contains { $0(parameter) }
        states[ObjectIdentifier(parameter)] = state
        return state
    }

    /// Makes what a parameter's first step needs.
    private func prepare(_ state: ParameterState, for parameter: Parameter) {
        guard state.slots == nil else { return }
        state.slots = makeSlots(for: parameter)
        if options.useEMA { state.average = parameter.value }
        if options.gradientAccumulationSteps != nil {
            state.accumulated = Tensor(zeros: parameter.shape, dtype: parameter.dtype)
        }
    }

    final func makeSlots(for parameter: Parameter) -> Slots {
        let names = slotNames
        require(
            Set(names).count == names.count && !names.contains { StateName.reserved.contains($0 + "/") },
            """
            \(Self.self): slotNames are \(names), expected different names that are none of \
            \(StateName.reserved.map { $0.dropLast() }.joined(separator: ", "))
            """)
        let kept = slotNames(for: parameter)
        return Slots(names: kept, tensors: kept.map { makeSlot($0, for: parameter) })
    }

    /// Of how many parameters something is kept.
    package final var stateCount: Int { isComposed ? parts.reduce(0) { $0 + $1.stateCount } : states.count }

    /// All tensors that are kept for a parameter; empty if the optimizer has not seen it yet.
    package final func slots(of parameter: Parameter) -> [Tensor] {
        guard let state = knownState(of: parameter) else { return [] }
        parameter.settle()
        return [state.average, state.accumulated].compactMap { $0 } + (state.slots?.tensors ?? [])
    }
}
