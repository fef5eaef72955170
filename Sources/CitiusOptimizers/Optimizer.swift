import CitiusAutograd
import CitiusTensor

/// Changes parameters by their gradients. It sees parameters, never layers.
public protocol Optimizer: AnyObject {
    /// The length of a step.
    var learningRate: Double { get set }
    /// Steps taken so far.
    var iterations: Int { get }
    /// Takes one step: `gradients[i]` is the gradient of `parameters[i]`, of its shape.
    func update(_ parameters: [Parameter], gradients: [Tensor])
}
