import CitiusPlatform

/// Connectionist temporal classification: minus the logarithm of the probability that a sequence of labels is read off
/// the steps of a longer sequence, where each step says a label or the blank, class 0, and repetitions of a step's label
/// count once (Graves et al. 2006, doi:10.1145/1143844.1143891). In the logarithm's domain throughout.
///
/// - Parameters:
///   - logProbabilities: `[batch, steps, classes]`.
///   - labels: `[batch, maximalLabels]`, of which the first `lengths[sample]` count.
///   - losses: `[batch]`; infinite where the steps do not suffice for the labels.
///   - occupancies: `[batch, steps, classes]`, the probability that a step says a class, given the labels; 0 where the
///     loss is infinite. Nil: not asked for.
package func ctcLosses(
    logProbabilities: UnsafePointer<Double>, labels: UnsafePointer<Int32>, lengths: [Int], steps: Int,
    classes: Int, maximalLabels: Int, losses: UnsafeMutablePointer<Double>,
    occupancies: UnsafeMutablePointer<Double>?
) {
    let span = Span("ctc \(lengths.count)×\(steps)×\(classes)", elements: lengths.count * steps * classes)
    defer { span.end() }
    // Each sample is computed by itself.
    ThreadPool.shared.run(lengths.count) { sample in
        let cells = steps * classes
        losses[sample] = CTCSequence(
            logProbabilities: logProbabilities + sample * cells, steps: steps, classes: classes,
            labels: UnsafeBufferPointer(start: labels + sample * maximalLabels, count: lengths[sample])
        ).loss(occupancies: occupancies.map { $0 + sample * cells })
    }
}

/// One sample: its labels with blanks around each are states, which a way through the steps passes in order.
private struct CTCSequence {
    let logProbabilities: UnsafePointer<Double>
    let steps: Int
    let classes: Int
    /// The class that each state says.
    let states: [Int]

    init(
        logProbabilities: UnsafePointer<Double>, steps: Int, classes: Int, labels: UnsafeBufferPointer<Int32>
    ) {
        self.logProbabilities = logProbabilities
        self.steps = steps
        self.classes = classes
        states = [0] + labels.flatMap { [Int($0), 0] }
    }

    /// Whether a way may go on from two states before: past a blank that need not be said.
    private func skipsBlank(to state: Int) -> Bool {
        state >= 2 && states[state] != 0 && states[state] != states[state - 2]
    }

    func loss(occupancies: UnsafeMutablePointer<Double>?) -> Double {
        let count = states.count
        // By step and state, the logarithm of the probability of all ways that lead there.
        var forward = [Double](repeating: -.infinity, count: steps * count)
        for state in 0..<min(2, count) where steps > 0 { forward[state] = logProbabilities[states[state]] }
        for step in stride(from: 1, to: steps, by: 1) {
            let (here, before) = (step * count, (step - 1) * count)
            for state in 0..<count {
                var sum = forward[before + state]
                if state > 0 { sum = logAdd(sum, forward[before + state - 1]) }
                if skipsBlank(to: state) { sum = logAdd(sum, forward[before + state - 2]) }
                forward[here + state] = sum + logProbabilities[step * classes + states[state]]
            }
        }
        var total = -Double.infinity
        // Without a step, only no label is read.
        if steps == 0 { total = count == 1 ? 0 : total }
        for state in max(0, count - 2)..<count where steps > 0 {
            total = logAdd(total, forward[(steps - 1) * count + state])
        }
        guard let occupancies else { return -total }
        for cell in 0..<steps * classes { occupancies[cell] = 0 }
        guard total > -.infinity else { return -total }
        // From the end, the logarithm of the probability of all ways on from a state.
        var backward = [Double](repeating: -.infinity, count: count)
        for state in max(0, count - 2)..<count { backward[state] = 0 }
        for step in stride(from: steps - 1, through: 0, by: -1) {
            for state in 0..<count {
                occupancies[step * classes + states[state]] += exp(
                    forward[step * count + state] + backward[state] - total)
            }
            let next = backward
            func onward(_ state: Int) -> Double {
                next[state] + logProbabilities[step * classes + states[state]]
            }
            for state in 0..<count {
                var sum = onward(state)
                if state + 1 < count { sum = logAdd(sum, onward(state + 1)) }
                if state + 2 < count, skipsBlank(to: state + 2) { sum = logAdd(sum, onward(state + 2)) }
                backward[state] = sum
            }
        }
        return -total
    }

    /// log(eᵃ + eᵇ).
    private func logAdd(_ a: Double, _ b: Double) -> Double {
        let larger = max(a, b)
        return larger == -.infinity ? larger : larger + log1p(exp(-abs(a - b)))
    }
}
