import CitiusAutograd
import CitiusKernels
import CitiusPlatform

/// Adds its inputs, element by element. Follows `keras.layers.Add`, for inputs of one shape: Keras's broadcasts.
///
/// ```
/// y = x₁ + x₂ + …
/// ```
///
/// # Shapes
/// [batch, …], each the same → the same. Traps if they differ or if there is no input.
///
/// A relu behind the sum of two is computed in its pass (He et al. 2015, arXiv 1512.03385: how a residual block
/// ends).
public final class Add: MergingLayer, ConfigurableLayer {
    public static var module: String? { "keras.layers" }
    public var configuration: NoConfiguration { NoConfiguration() }

    public override init(name: String? = nil) { super.init(name: name) }

    public init(configuration: NoConfiguration, name: String? = nil) { super.init(name: name) }

    public override var supportsMasking: Bool { true }

    public override func merge(_ inputs: [Variable], in context: Context) -> Variable {
        for input in inputs {
            require(
                input.shape == inputs[0].shape,
                "\(label): inputs of shapes \(inputs[0].shape) and \(input.shape), expected all the same")
        }
        return inputs.dropFirst().reduce(inputs[0]) { $0 + $1 }
    }
}

extension Add: EpilogueLayer {
    package func takes(_ epilogue: Epilogue, inputCount: Int) -> Bool {
        inputCount == 2 && epilogue.pool == nil
    }

    package func forward(_ inputs: [Variable], in context: Context, epilogue: Epilogue) -> Variable {
        epilogue == Epilogue()
            ? merge(inputs, in: context) : inputs[0].added(to: inputs[1], epilogue: epilogue)
    }
}
