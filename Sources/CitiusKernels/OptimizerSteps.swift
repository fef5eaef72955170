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

    /// What the microkernels of a step are told.
    fileprivate func step(rate: Double, limit: Double) -> citius_step {
        citius_step(
            rate: Float(rate * rateFactor), kept: Float(kept), gradient_scale: Float(gradientScale),
            limit: Float(limit))
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
    if T.self == Float.self {
        let kernel = InstructionSet.chosen.kernels.sgd_step
        forEachRun(of: segments) { segment, run in
            let velocity = momentum == 0 ? nil : segment.slot(0, of: Float.self) + run.lowerBound
            kernel?(
                segment.values() + run.lowerBound, segment.gradients() + run.lowerBound, velocity, run.count,
                segment.step(rate: rate, limit: limit), Float(momentum),
                isNesterov ? 1 : 0)
        }
        return
    }
    let (momentum, limit) = (T(converting: momentum), T(converting: limit))
    forEachRun(of: segments) { segment, run in
        let rate = T(converting: rate * segment.rateFactor)
        let (scale, kept) = (T(converting: segment.gradientScale), T(converting: segment.kept))
        let count = run.count
        let w = segment.values(of: T.self) + run.lowerBound
        let g = segment.gradients(of: T.self) + run.lowerBound
        guard momentum != 0 else {
            for i in 0..<count { w[i] = w[i] * kept - limited(g[i] * scale, limit) * rate }
            return
        }
        let v = segment.slot(0, of: T.self) + run.lowerBound
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
    if T.self == Float.self {
        let kernel = InstructionSet.chosen.kernels.adam_step
        let adam = citius_adam(new1: Float(1 - beta1), new2: Float(1 - beta2), epsilon: Float(epsilon))
        forEachRun(of: segments) { segment, run in
            let largest = keepsMaximum ? segment.slot(2, of: Float.self) + run.lowerBound : nil
            kernel?(
                segment.values() + run.lowerBound, segment.gradients() + run.lowerBound,
                segment.slot(0) + run.lowerBound, segment.slot(1) + run.lowerBound, largest, run.count,
                segment.step(rate: alpha, limit: limit), adam)
        }
        return
    }
    let (epsilon, limit) = (T(converting: epsilon), T(converting: limit))
    let (new1, new2) = (T(converting: 1 - beta1), T(converting: 1 - beta2))
    forEachRun(of: segments) { segment, run in
        let alpha = T(converting: alpha * segment.rateFactor)
        let (scale, kept) = (T(converting: segment.gradientScale), T(converting: segment.kept))
        let count = run.count
        let w = segment.values(of: T.self) + run.lowerBound
        let g = segment.gradients(of: T.self) + run.lowerBound
        let m = segment.slot(0, of: T.self) + run.lowerBound
        let v = segment.slot(1, of: T.self) + run.lowerBound
        if keepsMaximum {
            let largest = segment.slot(2, of: T.self) + run.lowerBound
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
