import CitiusAutograd
import CitiusKernels

/// Adds its inputs, element by element. Follows `keras.layers.Add`.
///
/// ```
/// y = x₁ + x₂ + …
/// ```
///
/// # Shapes
/// [batch, …], each the same or broadcasting (see `ElementwiseMerging`) → the same.
///
/// A relu behind the sum of two is computed in its pass (He et al. 2015, arXiv 1512.03385: how a residual block
/// ends).
public final class Add: ElementwiseMerging, ConfigurableLayer {
    public static var module: String? { "keras.layers" }
    public var configuration: NoConfiguration { NoConfiguration() }

    public override init(name: String? = nil) { super.init(name: name) }

    public init(configuration: NoConfiguration, name: String? = nil) { super.init(name: name) }

    public override func combine(_ first: Variable, _ second: Variable) -> Variable { first + second }
}

extension Add: EpilogueLayer {
    package func takes(_ epilogue: Epilogue, inputCount: Int) -> Bool {
        inputCount == 2 && epilogue.pool == nil
    }

    package func forward(_ inputs: [Variable], in context: Context, epilogue: Epilogue) -> Variable {
        if epilogue == Epilogue() { return merge(inputs, in: context) }
        return inputs[0].shape == inputs[1].shape
            ? inputs[0].added(to: inputs[1], epilogue: epilogue)
            : merge(inputs, in: context).clamped(by: epilogue.clamp)
    }
}
