import CitiusPlatform
import CitiusSIMD

/// One parameter's buffers in an optimizer's step, all of one element type.
package struct StepSegment {
    package let value: UnsafeMutableRawPointer
    package let gradient: UnsafeRawPointer
    /// The optimizer's own tensors, `count` elements each; nil beyond those that it declares.
    package let slots: Slots
    package let count: Int
    /// What the gradient is multiplied by: below 1 where clipping by norm shortens it.
    package let gradientScale: Double
    /// What the learning rate is multiplied by for this parameter.
    package let rateFactor: Double
    /// The fraction of a weight that decay leaves: 1 − learning rate · weight decay.
    package let kept: Double

    package typealias Slots = (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, UnsafeMutableRawPointer?)

    package init(
        value: UnsafeMutableRawPointer, gradient: UnsafeRawPointer, slots: Slots = (nil, nil, nil),
        count: Int,
        gradientScale: Double = 1, rateFactor: Double = 1, kept: Double = 1
    ) {
        self.value = value
        self.gradient = gradient
        self.slots = slots
        self.count = count
        self.gradientScale = gradientScale
        self.rateFactor = rateFactor
        self.kept = kept
    }

    @inline(__always)
    package func values<T>(of type: T.Type = T.self) -> UnsafeMutablePointer<T> {
        value.assumingMemoryBound(to: T.self)
    }

    @inline(__always)
    package func gradients<T>(of type: T.Type = T.self) -> UnsafePointer<T> {
        gradient.assumingMemoryBound(to: T.self)
    }

    /// The elements of a slot; an optimizer asks only for those that it declares.
    @inline(__always)
    package func slot<T>(_ index: Int, of type: T.Type = T.self) -> UnsafeMutablePointer<T> {
        guard let slot = index == 0 ? slots.0 : index == 1 ? slots.1 : slots.2 else {
            fail("StepSegment: the optimizer declares no slot \(index)")
        }
        return slot.assumingMemoryBound(to: T.self)
    }

    fileprivate func terms(rate: Double, limit: Double) -> StepTerms {
        StepTerms(rate: rate * rateFactor, kept: kept, gradientScale: gradientScale, limit: limit)
    }
}

/// What a step is told of one parameter.
package struct StepTerms: Sendable {
    /// The learning rate, or what the formula makes of it.
    package let rate: Double
    /// The fraction of a weight that decay leaves.
    package let kept: Double
    /// What the gradient is multiplied by.
    package let gradientScale: Double
    /// Gradients are cut to ±limit.
    package let limit: Double

    package init(rate: Double, kept: Double, gradientScale: Double = 1, limit: Double) {
        self.rate = rate
        self.kept = kept
        self.gradientScale = gradientScale
        self.limit = limit
    }

    /// What the microkernels are told.
    fileprivate var forMicrokernels: citius_step {
        citius_step(
            rate: Float(rate), kept: Float(kept), gradient_scale: Float(gradientScale), limit: Float(limit))
    }
}

/// The formula of a step, for elements that lie one behind the other.
package enum StepRule: Sendable {
    /// See `sgdStep`.
    case sgd(momentum: Double, isNesterov: Bool)
    /// See `adamStep`.
    case adam(beta1: Double, beta2: Double, epsilon: Double, keepsMaximum: Bool)

    /// Whether a step of these terms leaves everything as it is where the gradient is 0.
    package func skipsZeros(_ terms: StepTerms) -> Bool {
        if case .sgd(momentum: 0, _) = self { return terms.kept == 1 }
        return false
    }

    /// Takes a step with `count` elements of the weights w, the gradient g and what is kept for them.
    @inline(__always)
    func callAsFunction<T: KernelReal>(
        _ terms: StepTerms, _ w: UnsafeMutablePointer<T>, _ g: UnsafePointer<T>,
        _ slots: (UnsafeMutablePointer<T>?, UnsafeMutablePointer<T>?, UnsafeMutablePointer<T>?), count: Int
    ) {
        switch self {
        case .sgd(let momentum, let isNesterov):
            takeSGDStep(terms, w, g, slots.0, count, momentum, isNesterov)
        case .adam(let beta1, let beta2, let epsilon, let keepsMaximum):
            guard let m = slots.0, let v = slots.1 else { fail("Adam: a slot is missing") }
            takeAdamStep(terms, w, g, m, v, keepsMaximum ? slots.2 : nil, count, beta1, beta2, epsilon)
        }
    }
}

/// Calls `body` with runs of neighbouring elements that together cover every segment once, in one parallel
/// loop over all of them, so that many small parameters cost no more than one large one.
///
/// Which elements share a run depends on the segments alone. A thread begins with the same runs each time, so that
/// weights and what the optimizer keeps for them stay in its core's cache.
package func forEachRun(of segments: [StepSegment], _ body: (StepSegment, Range<Int>) -> Void) {
    let total = segments.reduce(0) { $0 + $1.count }
    let span = Span("optimizer's step \(total)", elements: 6 * total)
    defer { span.end() }
    // Whole cache lines.
    let line = 16
    ThreadPool.shared.forRanges(of: (total + line - 1) / line, grain: 4_096 / line) { lines in
        let range = lines.lowerBound * line..<min(total, lines.upperBound * line)
        var start = 0
        for segment in segments where start < range.upperBound {
            let lower = max(range.lowerBound - start, 0)
            let upper = min(range.upperBound - start, segment.count)
            if lower < upper { body(segment, lower..<upper) }
            start += segment.count
        }
    }
}

/// x, cut to ±limit. NaN stays NaN.
@inline(__always)
private func limited<T: KernelReal>(_ x: T, _ limit: T) -> T {
    let upper = x > limit ? limit : x
    return upper < -limit ? -limit : upper
}

// MARK: Gradient descent

/// w ← kept·w − rate·g, or with momentum μ and the velocity v in slot 0
///
///     v ← μ·v − rate·g,  w ← kept·w + v             (Nesterov: kept·w + μ·v − rate·g)
@specialized(where T == Float)
@specialized(where T == Double)
package func sgdStep<T: KernelReal>(
    _ segments: [StepSegment], of type: T.Type, rate: Double, momentum: Double, isNesterov: Bool,
    limit: Double
) {
    forEachRun(of: segments) { segment, run in
        let velocity = momentum == 0 ? nil : segment.slot(0, of: T.self) + run.lowerBound
        takeSGDStep(
            segment.terms(rate: rate, limit: limit), segment.values(of: T.self) + run.lowerBound,
            segment.gradients(of: T.self) + run.lowerBound, velocity, run.count, momentum, isNesterov)
    }
}

@inline(__always)
private func takeSGDStep<T: KernelReal>(
    _ terms: StepTerms, _ w: UnsafeMutablePointer<T>, _ g: UnsafePointer<T>, _ v: UnsafeMutablePointer<T>?,
    _ count: Int, _ momentum: Double, _ isNesterov: Bool
) {
    if T.self == Float.self {
        InstructionSet.chosen.kernels.sgd_step(
            mutableFloats(w), floats(g), v.map { mutableFloats($0) }, count, terms.forMicrokernels,
            Float(momentum), isNesterov ? 1 : 0)
        return
    }
    let (momentum, limit) = (T(converting: momentum), T(converting: terms.limit))
    let (rate, kept) = (T(converting: terms.rate), T(converting: terms.kept))
    let scale = T(converting: terms.gradientScale)
    guard let v else {
        for i in 0..<count { w[i] = w[i] * kept - limited(g[i] * scale, limit) * rate }
        return
    }
    if isNesterov {
        for i in 0..<count {
            let move = limited(g[i] * scale, limit) * rate
            let velocity = v[i] * momentum - move
            v[i] = velocity
            w[i] = w[i] * kept + (velocity * momentum - move)
        }
    } else {
        for i in 0..<count {
            let velocity = v[i] * momentum - limited(g[i] * scale, limit) * rate
            v[i] = velocity
            w[i] = w[i] * kept + velocity
        }
    }
}

// MARK: Adam

/// m ← m + (g − m)(1 − β₁), v ← v + (g² − v)(1 − β₂), w ← kept·w − α·m / (√v + ε)
///
/// m in slot 0, v in slot 1. With `keepsMaximum` (AMSGrad), slot 2 holds the largest v so far and takes its
/// place in the last formula.
@specialized(where T == Float)
@specialized(where T == Double)
package func adamStep<T: KernelReal>(
    _ segments: [StepSegment], of type: T.Type, alpha: Double, beta1: Double, beta2: Double, epsilon: Double,
    keepsMaximum: Bool, limit: Double
) {
    forEachRun(of: segments) { segment, run in
        let largest = keepsMaximum ? segment.slot(2, of: T.self) + run.lowerBound : nil
        takeAdamStep(
            segment.terms(rate: alpha, limit: limit), segment.values(of: T.self) + run.lowerBound,
            segment.gradients(of: T.self) + run.lowerBound, segment.slot(0, of: T.self) + run.lowerBound,
            segment.slot(1, of: T.self) + run.lowerBound, largest, run.count, beta1, beta2, epsilon)
    }
}

@inline(__always)
private func takeAdamStep<T: KernelReal>(
    _ terms: StepTerms, _ w: UnsafeMutablePointer<T>, _ g: UnsafePointer<T>, _ m: UnsafeMutablePointer<T>,
    _ v: UnsafeMutablePointer<T>, _ largest: UnsafeMutablePointer<T>?, _ count: Int, _ beta1: Double,
    _ beta2: Double, _ epsilon: Double
) {
    if T.self == Float.self {
        InstructionSet.chosen.kernels.adam_step(
            mutableFloats(w), floats(g), mutableFloats(m), mutableFloats(v),
            largest.map { mutableFloats($0) },
            count, terms.forMicrokernels,
            citius_adam(new1: Float(1 - beta1), new2: Float(1 - beta2), epsilon: Float(epsilon)))
        return
    }
    let (epsilon, limit) = (T(converting: epsilon), T(converting: terms.limit))
    let (new1, new2) = (T(converting: 1 - beta1), T(converting: 1 - beta2))
    let (alpha, kept) = (T(converting: terms.rate), T(converting: terms.kept))
    let scale = T(converting: terms.gradientScale)
    if let largest {
        for i in 0..<count {
            let gradient = limited(g[i] * scale, limit)
            let mean = m[i] + (gradient - m[i]) * new1
            let square = v[i] + (gradient * gradient - v[i]) * new2
            let maximum = square > largest[i] ? square : largest[i]
            m[i] = mean
            v[i] = square
            largest[i] = maximum
            w[i] = w[i] * kept - mean * alpha / (maximum.squareRoot() + epsilon)
        }
    } else {
        for i in 0..<count {
            let gradient = limited(g[i] * scale, limit)
            let mean = m[i] + (gradient - m[i]) * new1
            let square = v[i] + (gradient * gradient - v[i]) * new2
            m[i] = mean
            v[i] = square
            w[i] = w[i] * kept - mean * alpha / (square.squareRoot() + epsilon)
        }
    }
}

// MARK: Norms

/// Σ x², in double precision and in an order that depends on `count` alone.
@specialized(where T == Float)
@specialized(where T == Double)
package func sumOfSquares<T: KernelReal>(_ x: UnsafePointer<T>, count: Int) -> Double {
    let block = 1 << 15
    let blocks = (count + block - 1) / block
    guard blocks > 1 else { return serialSumOfSquares(x, count) }
    return withUnsafeTemporaryAllocation(of: Double.self, capacity: blocks) { sums in
        guard let partial = sums.baseAddress else { return 0 }
        ThreadPool.shared.run(blocks) { index in
            let start = index * block
            partial[index] = serialSumOfSquares(x + start, min(block, count - start))
        }
        return (0..<blocks).reduce(0) { $0 + partial[$1] }
    }
}

/// Four sums side by side, so that one addition need not wait for the one before.
@inline(__always)
private func serialSumOfSquares<T: KernelReal>(_ x: UnsafePointer<T>, _ count: Int) -> Double {
    var sums = SIMD4<Double>()
    let whole = count & ~3
    for i in stride(from: 0, to: whole, by: 4) {
        let four = SIMD4(Double(x[i]), Double(x[i + 1]), Double(x[i + 2]), Double(x[i + 3]))
        sums += four * four
    }
    var sum = sums.sum()
    for i in whole..<count { sum += Double(x[i]) * Double(x[i]) }
    return sum
}
