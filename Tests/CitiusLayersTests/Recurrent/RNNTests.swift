import CitiusConfiguration
import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

/// A user's: the mean of what it has seen, and a count, of whole numbers.
private final class MeanCell: RecurrentCell, ConfigurableLayer {
    struct Configuration: LayerConfiguration { var size: Int }
    let configuration: Configuration
    private var scale: Parameter?

    convenience init(_ size: Int) { self.init(configuration: Configuration(size: size)) }
    init(configuration: Configuration, name: String? = nil) {
        self.configuration = configuration
        super.init(name: name)
    }

    override var stateSizes: [Int] { [configuration.size, 1] }

    override func build(inputShape: Shape, generator: inout RandomGenerator) {
        scale = addParameter("scale", shape: inputShape, initializer: .ones, generator: &generator)
    }

    override func step(
        _ input: Variable, states: [Variable], in context: Context
    ) -> (output: Variable, states: [Variable]) {
        let sum = states[0] + input * context[scale!]
        let count = states[1] + 1
        return (sum / count, [sum, count])
    }
}

@Suite struct RNNTests {
    @Test func keras() {
        checkGolden("RNN")
        checkGolden("StackedRNNCells")
    }

    @Test func contract() {
        let names = ["kernel", "recurrent_kernel", "bias"]
        checkLayerContract(inputShape: [4, 3], parameters: names) { RNN(GRUCell(2)) }
        checkLayerContract(inputShape: [4, 3], parameters: names + names) {
            RNN([LSTMCell(2), GRUCell(3)], returnSequences: true, goBackwards: true)
        }
    }

    @Test func cellOfOnesOwn() throws {
        let layer = RNN(MeanCell(2), returnSequences: true)
        var input = Variable(Tensor([1, 10, 3, 30, 5, 50] as [Float], shape: [1, 3, 2]))
        #expect(layer(input).value.elements(as: Float.self) == [1, 10, 2, 20, 3, 30])
        // A masked step keeps the output before; at the beginning there is none.
        input.mask = Tensor([false, true, false], shape: [1, 3])
        #expect(layer(input).value.elements(as: Float.self) == [0, 0, 3, 30, 3, 30])
        let backwards = RNN(MeanCell(2), returnSequences: true, goBackwards: true, zeroOutputForMask: true)
        #expect(backwards(input).value.elements(as: Float.self) == [0, 0, 3, 30, 0, 0])
        #expect(layer.namedParameters.map(\.path) == ["mean_cell/scale"])

        let model = Sequential([Input(3, 2), RNN(MeanCell(2)), Dense(1)], seed: 1)
        let loaded = try Model.make(
            from: model.architecture(), types: .library.adding(MeanCell.self), seed: 2)
        #expect(try loaded.architecture() == model.architecture())
        let bidirectional = Bidirectional(RNN(MeanCell(2)))
        #expect(
            bidirectional(Variable(input.value)).value.elements(as: Float.self) == [3, 30, 3, 30])
    }

    @Test func gradientsOfACellOfOnesOwn() {
        var mask: Tensor?
        for isMasked in [false, true] {
            if isMasked { mask = (randomTensor([2, 4], seed: 2) .> -0.3) }
            let layer = RNN(MeanCell(3), returnSequences: true, returnState: true)
            layer.dtype = .float64
            checkGradients(at: [randomTensor([2, 4, 3], seed: 1)]) { [mask] v in
                var input = v[0]
                input.mask = mask
                return layer.outputs(of: [input])[0]
            }
        }
    }

    @Test func faults() {
        #expect(RNN.Configuration(cell: StackedRNNCells([GRUCell(2)])).fault == nil)
        #expect(
            StackedRNNCells.Configuration(cells: [NestedLayer(Dense(2))]).fault?.contains(
                "expected a RecurrentCell")
                == true)
        #expect(StackedRNNCells.Configuration(cells: []).fault?.contains("no cells") == true)
    }

    /// What a file may say, and no layer does.
    @Test(arguments: [
        (#"{"class_name": "Dense", "config": {"units": 2}}"#, "is missing"),
        (#"{"class_name": "Nothing", "config": {}}"#, "Nothing"), ("3", "class_name"),
    ])
    func damagedCells(cell: String, what: String) throws {
        let text = """
            {"class_name": "RNN", "config": {"return_sequences": false, "return_state": false, "go_backwards": false,
            "stateful": false, "unroll": false, "zero_output_for_mask": false, "cell": \(cell)}}
            """
        do {
            _ = try Layer.described(by: JSON(parsing: text))
            Issue.record("no fault")
        } catch {
            #expect("\(error)".contains(what), "\(error)")
        }
    }
}
