import CitiusTensor

/// Where a model that is being loaded takes its parameters' values from, by their paths: no parameter is made that the
/// file does not hold, whatever sizes its description asks for.
package struct ParameterSource {
    /// What went wrong, for all layers of a model.
    package final class Faults {
        package var missing: [String] = []
        package var mismatched: [String] = []
        package var used: Set<String> = []

        package init() {}
    }

    private let prefix: String
    private let find: (String) -> (shape: Shape, dtype: DType, read: () -> Tensor?)?
    package let faults: Faults

    /// - Parameter find: by a parameter's path, what the file says of it and how to read it.
    package init(
        find: @escaping (String) -> (shape: Shape, dtype: DType, read: () -> Tensor?)?, faults: Faults
    ) {
        self.init(prefix: "", find: find, faults: faults)
    }

    private init(
        prefix: String, find: @escaping (String) -> (shape: Shape, dtype: DType, read: () -> Tensor?)?,
        faults: Faults
    ) {
        self.prefix = prefix
        self.find = find
        self.faults = faults
    }

    /// The same for the layers within a layer.
    package func within(_ layer: String) -> ParameterSource {
        ParameterSource(prefix: prefix + layer + "/", find: find, faults: faults)
    }

    /// The value of a parameter; an empty tensor, and a fault noted, if there is none of its shape.
    func value(named name: String, shape: Shape, dtype: DType) -> Tensor {
        let path = prefix + name
        faults.used.insert(path)
        let nothing = Tensor(zeros: [0], dtype: dtype)
        guard let found = find(path) else {
            faults.missing.append(path)
            return nothing
        }
        guard found.shape == shape, found.dtype == dtype else {
            faults.mismatched.append("\(path) is \(found.dtype) \(found.shape), expected \(dtype) \(shape)")
            return nothing
        }
        guard let value = found.read() else {
            faults.missing.append(path)
            return nothing
        }
        return value
    }
}
