import CitiusConfiguration
import CitiusLayers
import CitiusTestSupport
import Testing

@Suite struct EinsumDenseTests {
    @Test func keras() { checkGolden("EinsumDense") }

    @Test func contract() {
        checkLayerContract(inputShape: [3, 5], parameters: ["kernel", "bias"]) {
            EinsumDense("abc,cde->abde", outputShape: [nil, 2, 4], activation: .tanh, biasAxes: "de")
        }
        checkLayerContract(inputShape: [3, 5], parameters: ["kernel"]) {
            EinsumDense("...x,xy->...y", outputShape: [4])
        }
    }

    /// Glorot's limit is that of 8 inputs and 3·4 outputs, whatever axes the kernel has them on.
    @Test func initialValuesFollowTheEquation() throws {
        let layer = EinsumDense("abc,dec->abde", outputShape: [nil, 30, 40])
        var generator = RandomGenerator(seed: 1)
        layer.buildIfNeeded(inputShape: [2, 80], generator: &generator)
        let kernel = try #require(layer.kernel).value
        let limit = (6 / Double(80 + 30 * 40)).squareRoot()
        let largest = kernel.abs().max().scalar
        #expect(largest <= limit && largest > 0.99 * limit)
    }

    @Test(
        arguments: [
            ("abc,cd", [4], "of the form"), ("abc,cd->abd", [4], "has 1 sizes"),
            ("abc,cd->bd", [nil, 4], "the batch's"),
            ("abc,ad->abd", [nil, 4], "the batch's"), ("abb,bd->abd", [nil, 4], "stands twice"),
            ("abc,cd->abd", [7, 4], "have 3"), ("abc,cd->abd", [nil, nil], "the size of an axis"),
            ("abcd,de->abce", [nil, nil, 4], "has 4 axes"),
            ("abc,cde->abd", [nil, 4], "the size of an axis"),
            ("ab1,1d->abd", [nil, 4], "letters"), ("...c,...cd->...d", [4], "of the form"),
            ("abc,cd->abd", [nil, 1 << 31], "positive"),
            ("abc,cdef->abdef", [nil, 1 << 30, 1 << 30, 1 << 30], "memory"),
        ] as [(String, [Int?], String)]) func faults(equation: String, outputShape: [Int?], expected: String)
    {
        let sizes = outputShape.map { $0.map { JSON.integer(Int64($0)) } ?? .null }
        let fault =
            configurationFault(
                EinsumDense("ab,bc->ac", outputShape: [1]),
                ["equation": .string(equation), "output_shape": .array(sizes)])
            ?? EinsumDense(equation, outputShape: outputShape).fault(ofInputs: [[3, 5]])
        #expect(fault?.contains(expected) == true, "\(fault ?? "none")")
    }

    @Test func biasAxesAreTheOutputs() {
        for axes in ["", "a", "x", "c"] {
            let layer = EinsumDense("abc,cd->abd", outputShape: [nil, 4], biasAxes: axes)
            #expect(layer.fault(ofInputs: [[3, 5]])?.contains("biasAxes") == true, "\(axes)")
        }
    }
}
