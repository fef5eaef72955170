/// A layer of which Keras takes the inputs behind the first as a list, by an argument of its own, such as `initial_state`.
package protocol KeywordInputsLayer: Layer {
    var inputsKeyword: String { get }
}
