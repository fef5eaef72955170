import CitiusAutograd
import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct UnitNormalizationTests {
    @Test func keras() { checkGolden("UnitNormalization") }

    @Test func contract() {
        checkLayerContract(inputShape: [3, 4]) { UnitNormalization() }
        checkLayerContract(inputShape: [3, 4]) { UnitNormalization(axis: 1, 2) }
    }

    @Test func zerosStay() {
        let tape = Tape()
        let x = tape.watch(Tensor(zeros: [2, 3]))
        let y = UnitNormalization()(x)
        #expect(y.value == Tensor(zeros: [2, 3]))
        #expect(tape.gradients(of: y.sum())[x].isFinite().cast(to: .int32).sum().scalar == 6)
    }
}
