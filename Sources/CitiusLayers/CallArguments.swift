import CitiusConfiguration

/// A layer of which Keras takes the inputs behind the first by their names alone.
package protocol NamedInputsLayer: Layer {
    /// The names of the inputs behind the first.
    var inputNames: [String] { get }
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
