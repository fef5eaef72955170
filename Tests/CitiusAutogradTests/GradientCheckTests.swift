import CitiusAutograd
import CitiusTensor
import CitiusTestSupport
import Testing

/// The checker itself must see what is wrong.
@Suite struct GradientCheckTests {
    private let x = randomTensor([2, 3], seed: 1)
    private let y = randomTensor([2, 3], seed: 2)

    private func product(_ pullback: @escaping (Tensor, Tensor, Tensor) -> [Tensor?]) -> ([Variable]) ->
        Variable
    {
        { inputs in
            let (a, b) = (inputs[0].value, inputs[1].value)
            return Variable(a * b, computedFrom: inputs[0], inputs[1]) { pullback($0, a, b) }
        }
    }

    @Test func acceptsWhatIsRight() {
        #expect(gradientMismatch(at: [x, y], product { w, a, b in [w * b, w * a] }) == nil)
    }

    @Test func rejectsPlantedErrors() {
        let wrong: [(String, (Tensor, Tensor, Tensor) -> [Tensor?])] = [
            ("a factor", { w, a, b in [w * b * 1.001, w * a] }),
            ("a sign", { w, a, b in [w * b, -(w * a)] }),
            ("the other's gradient", { w, a, b in [w * a, w * b] }),
            ("a missing one", { w, a, b in [w * b, nil] }),
            ("a permutation", { w, a, b in [(w * b).flipped(axes: [0]), w * a] }),
            ("no cotangent", { _, a, b in [b, a] }),
            ("NaN", { w, a, b in [w * b * .nan, w * a] }),
        ]
        for (name, pullback) in wrong {
            #expect(gradientMismatch(at: [x, y], product(pullback)) != nil, "\(name)")
        }
    }
}
