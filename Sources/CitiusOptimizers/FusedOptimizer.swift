import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// What the library's optimizers share: the count of steps, clipping, weight decay and the numbers kept for
/// each parameter. A subclass says how many slots it needs and runs its formula over the buffers.
///
/// A step is one pass in place over all parameters: nothing is copied or allocated once each parameter has
/// been seen. Weights decay before the formula, apart from the gradients ("Decoupled weight decay
/// regularization", Loshchilov and Hutter 2019), as in Keras: w ← w − w · weightDecay · learningRate.
public class FusedOptimizer: Optimizer {
    /// May be changed between steps, by a schedule or a callback. Traps if it is negative or not finite.
    public var learningRate: Double {
        didSet { checkLearningRate() }
    }
    public private(set) var iterations = 0
    /// The part of a weight that a step of learning rate 1 takes away.
    public let weightDecay: Double?

    private let clipping: GradientClipping?
    /// Numbers kept for each element of a parameter.
    private let slotCount: Int
    private var states: [ObjectIdentifier: State] = [:]
    /// Kept from step to step for its memory.
    private var segments: [StepSegment] = []

    /// What is kept for one parameter. It holds the parameter, whose identity is its key.
    private final class State {
        let parameter: Parameter
        /// All slots of a parameter: [slots, the parameter's axes…].
        var slots: Tensor
        var lastStep = 0

        init(parameter: Parameter, slotCount: Int) {
            self.parameter = parameter
            slots = Tensor(zeros: parameter.value.shape.prepending(slotCount), dtype: parameter.value.dtype)
        }
    }

    package init(
        learningRate: Double, slotCount: Int, weightDecay: Double?, clipNorm: Double?, clipValue: Double?,
        globalClipNorm: Double?
    ) {
        self.learningRate = learningRate
        self.slotCount = slotCount
        self.weightDecay = weightDecay
        clipping = GradientClipping(
            norm: clipNorm, value: clipValue, globalNorm: globalClipNorm, optimizer: "\(Self.self)")
        require(
            weightDecay ?? 0 >= 0, "\(Self.self): weightDecay is \(weightDecay ?? 0), expected 0 or more")
        checkLearningRate()
    }

    /// The subclass's formula over all parameters of one element type. `iterations` counts this step already.
    package func step<T: KernelReal>(
        _ segments: [StepSegment], of type: T.Type, _ preparation: StepPreparation
    ) {
        fail("\(Self.self): step is not overridden")
    }

    /// Takes one step: `gradients[i]` is the gradient of `parameters[i]`, of its shape. Without parameters
    /// nothing happens.
    ///
    /// Traps if their numbers, shapes or types differ, or if a parameter is given twice.
    public final func update(_ parameters: [Parameter], gradients: [Tensor]) {
        require(
            parameters.count == gradients.count,
            "\(Self.self): \(gradients.count) gradients for \(parameters.count) parameters")
        guard !parameters.isEmpty else { return }
        iterations += 1
        let preparation = StepPreparation(
            kept: 1 - (weightDecay ?? 0) * learningRate, limit: clipping?.limit ?? .infinity)
        for dtype in DType.allCases where parameters.contains(where: { $0.dtype == dtype }) {
            gather(parameters, gradients, of: dtype)
            run(dtype.realType(for: "\(Self.self)"), preparation)
        }
    }

    private func run<T: RealScalar>(_ type: T.Type, _ preparation: StepPreparation) {
        step(segments, of: T.self, preparation)
    }

    /// Lists the buffers of all parameters of a type. They stay in place while the parameters, which own
    /// them alone after this, are not touched.
    private func gather(_ parameters: [Parameter], _ gradients: [Tensor], of dtype: DType) {
        segments.removeAll(keepingCapacity: true)
        var index = 0
        func append(scale: Double) {
            let (parameter, gradient) = (parameters[index], gradients[index])
            index += 1
            guard parameter.dtype == dtype else { return }
            require(
                gradient.shape == parameter.shape && gradient.dtype == dtype,
                """
                \(Self.self): the gradient of \(parameter.name) is \(gradient.dtype) \(gradient.shape), \
                expected \(dtype) \(parameter.shape)
                """)
            let state = state(of: parameter)
            require(
                state.lastStep < iterations,
                "\(Self.self): parameter \(parameter.name) is given twice in a step")
            state.lastStep = iterations
            segments.append(
                StepSegment(
                    value: parameter.update { $0.mutableAddress() }, gradient: gradient.address,
                    slots: slotCount > 0 ? state.slots.mutableAddress() : nil, count: gradient.count,
                    gradientScale: scale))
        }
        if let clipping {
            clipping.forEachScale(gradients, append)
        } else {
            for _ in gradients { append(scale: 1) }
        }
    }

    private func state(of parameter: Parameter) -> State {
        if let state = states[ObjectIdentifier(parameter)] { return state }
        let state = State(parameter: parameter, slotCount: slotCount)
        states[ObjectIdentifier(parameter)] = state
        return state
    }

    /// What the optimizer keeps for a parameter, slot by slot; empty if it has not seen it yet.
    package func slots(of parameter: Parameter) -> [Tensor] {
        guard let state = states[ObjectIdentifier(parameter)] else { return [] }
        let count = parameter.value.count
        return (0..<slotCount).map { slot in
            Tensor(
                storage: state.slots.storage, offset: state.slots.offset + slot * count,
                shape: parameter.shape,
                dtype: parameter.dtype)
        }
    }

    private func checkLearningRate() {
        require(
            learningRate >= 0 && learningRate.isFinite,
            "\(Self.self): learningRate is \(learningRate), expected a finite number of at least 0")
    }
}
