import CitiusConfiguration
import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct DotTests {
    @Test func keras() { checkGolden("Dot") }

    @Test func gradients() {
        let (a, b) = (randomTensor([2, 3, 4], seed: 1), randomTensor([2, 5, 4], seed: 2))
        checkGradients(at: [a, b]) { Dot(axes: 2)($0) }
        checkGradients(at: [a, b]) { Dot(axes: -1, normalize: true)($0) }
        checkGradients(at: [a[0], a[1]]) { Dot(axes: 1)($0) }
    }

    /// A vector of zeros has no direction: its gradient is 0, not NaN.
    @Test func zerosAreNormalized() {
        let tape = Tape()
        let (x, y) = (tape.watch(Tensor(zeros: [2, 3])), tape.watch(Tensor(ones: [2, 3])))
        let cosine = Dot(axes: 1, normalize: true)(x, y)
        #expect(cosine.value == Tensor(zeros: [2, 1]))
        let gradients = tape.gradients(of: cosine.sum())
        #expect(gradients[y] == Tensor(zeros: [2, 3]))
        #expect(gradients[x].elements(as: Float.self).allSatisfy { $0.isFinite })
    }

    @Test func shapes() {
        #expect(Dot(axes: 1)(Input(4), Input(4)).shape == [1])
        #expect(Dot(axes: (2, 1))(Input(3, 4), Input(4, 5)).shape == [3, 5])
    }

    @Test func faults() {
        #expect(Dot(axes: 2).fault(ofInputs: [[3, 4], [5, 6]])?.contains("differ in size") == true)
        #expect(Dot(axes: 3).fault(ofInputs: [[3, 4], [5, 4]])?.contains("axis 3 is none") == true)
        #expect(Dot(axes: -3).fault(ofInputs: [[3, 4], [3, 4]])?.contains("axis 0 is none") == true)
        #expect(Dot(axes: 1).fault(ofInputs: [[3]]) == "1 inputs, expected 2")
        for axes in [[0, 1], [], [1, 1, 1]] as [JSON] {
            #expect(configurationFault(Dot(axes: 1), ["axes": axes])?.contains("axes are") == true, "\(axes)")
        }
    }
}
