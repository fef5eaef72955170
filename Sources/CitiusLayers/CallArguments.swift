import CitiusConfiguration

/// A layer whose inputs are arguments of their own in Keras, which a call may name.
package protocol NamedInputsLayer: Layer {
    /// The arguments' names, in Keras's order and that of the inputs here, masks that layers find by themselves among
    /// them.
    var inputNames: [String] { get }

    /// The names of the last of so many inputs, which Keras takes by these alone.
    func keywords(ofInputs count: Int) -> [String]

    /// Takes note of which inputs a file gives it. Returns what is wrong with them, in words that follow the layer's
    /// name, or nil.
    func take(inputs names: [String]) -> String?
}

extension NamedInputsLayer {
    package func take(inputs names: [String]) -> String? { nil }

    /// Which arguments so many inputs are.
    package func names(ofInputs count: Int) -> [String] {
        let keywords = keywords(ofInputs: count)
        return inputNames.prefix(max(0, count - keywords.count)) + keywords
    }
}

/// A layer to which Keras gives arguments where it is called, beside its inputs, such as `use_causal_mask`. Here they
/// are properties of the layer.
package protocol CallArgumentsLayer: Layer {
    /// The arguments that differ from their defaults, in Keras's spelling.
    var callArguments: JSON.Object { get }

    /// Takes an argument from a file. Returns what is wrong with it, in words that follow the layer's name, or nil.
    func take(callArgument name: String, _ value: JSON) -> String?
}

/// A layer that Keras calls on a list of inputs, as it does a `MergingLayer`, not on each as an argument of its own.
package protocol ListLayer: Layer {}

/// A layer whose inputs' shapes have names in the `build_config` of Keras's files.
package protocol NamedShapesLayer: Layer {
    /// In the order of the inputs.
    var shapeNames: [String] { get }
}
