import CitiusLayers
import CitiusTestSupport
import Testing

/// What keeps the contract of layers without being one of Keras's.
@Suite struct LayersTests {
    @Test func input() {
        checkLayerContract(inputShape: [4, 3]) { Input(4, 3) }
    }

    @Test func aLayerOfOnesOwn() {
        final class Scale: Layer {
            private var factor: Parameter?
            override func build(inputShape: Shape, generator: inout RandomGenerator) {
                factor = addParameter(
                    "factor", shape: [inputShape[-1]], initializer: .ones, generator: &generator)
            }
            override func forward(_ input: Variable, in context: Context) -> Variable {
                guard let factor else { return input }
                return input * context[factor]
            }
        }
        checkLayerContract(inputShape: [2, 3], parameters: ["factor"]) { Scale() }
    }
}
