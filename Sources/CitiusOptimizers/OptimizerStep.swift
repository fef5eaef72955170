import CitiusAutograd
import CitiusPlatform
import CitiusTensor

/// What an optimizer's formula is told about the step that it takes.
public struct OptimizerStep {
    /// 1 for the first, counted in changes of the weights.
    public let number: Int
    /// The learning rate for this parameter.
    public let learningRate: Double
    /// The parameter that is changed, for its name and shape. Its value is handed to the formula apart, and
    /// cannot be read through the parameter meanwhile.
    public let parameter: Parameter
}

/// The tensors that an optimizer keeps for one parameter, by name.
///
/// They are read and written in place: `slots["velocity"] *= 0.9`. A slot keeps its shape and dtype.
public struct Slots {
    let names: [String]
    var tensors: [Tensor]

    /// Traps if the optimizer declares no slot of this name, or if it is set to another shape or dtype.
    public subscript(name: String) -> Tensor {
        get { tensors[index(of: name)] }
        _modify {
            let index = index(of: name)
            let (shape, dtype) = (tensors[index].shape, tensors[index].dtype)
            yield &tensors[index]
            require(
                tensors[index].shape == shape && tensors[index].dtype == dtype,
                """
                Optimizer: slot "\(name)" is set to \(tensors[index].dtype) \(tensors[index].shape), expected \
                \(dtype) \(shape)
                """)
        }
    }

    private func index(of name: String) -> Int {
        guard let index = names.firstIndex(of: name) else {
            fail(
                "Optimizer: there is no slot \"\(name)\"; slotNames are \(names.joined(separator: ", "))")
        }
        return index
    }
}
