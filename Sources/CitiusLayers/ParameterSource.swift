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
    private let usesAttributes: Bool
    private let find: (String) -> (shape: Shape, dtype: DType, read: () -> Tensor?)?
    private let assets: Assets?
    package let faults: Faults

    /// What is no parameter, by the path of its layer and its name.
    package typealias Assets = (
        bytes: (_ layer: String, _ name: String) -> [UInt8]?,
        tensor: (_ layer: String, _ name: String) -> Tensor?
    )

    /// - Parameters:
    ///   - usesAttributes: whether paths go by `kerasAttributes` instead of names, within layers that are no models.
    ///   - find: by a parameter's path, what the file says of it and how to read it.
    ///   - assets: what the file holds for layers beside their parameters.
    package init(
        usesAttributes: Bool = false,
        find: @escaping (String) -> (shape: Shape, dtype: DType, read: () -> Tensor?)?, assets: Assets? = nil,
        faults: Faults
    ) {
        self.init(prefix: "", usesAttributes: usesAttributes, find: find, assets: assets, faults: faults)
    }

    private init(
        prefix: String, usesAttributes: Bool,
        find: @escaping (String) -> (shape: Shape, dtype: DType, read: () -> Tensor?)?, assets: Assets?,
        faults: Faults
    ) {
        self.prefix = prefix
        self.usesAttributes = usesAttributes
        self.find = find
        self.assets = assets
        self.faults = faults
    }

    /// The same for a layer within a layer.
    ///
    /// - Parameter attribute: Keras's name of what holds it.
    package func within(_ layer: String, attribute: String) -> ParameterSource {
        ParameterSource(
            prefix: prefix + (usesAttributes ? attribute : layer) + "/", usesAttributes: usesAttributes,
            find: find, assets: assets, faults: faults)
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
        // Counts have 32 or 64 bits by the backend that saved them.
        let integers: [DType] = [.int32, .int64]
        let fits = found.dtype == dtype || integers.contains(found.dtype) && integers.contains(dtype)
        guard found.shape == shape, fits else {
            faults.mismatched.append("\(path) is \(found.dtype) \(found.shape), expected \(dtype) \(shape)")
            return nothing
        }
        guard let value = found.read() else {
            faults.missing.append(path)
            return nothing
        }
        return value.cast(to: dtype)
    }
}

extension ParameterSource: LayerAssets {
    package func asset(named name: String) -> [UInt8]? { assets?.bytes(prefix, name) }
    package func variable(named name: String) -> Tensor? { assets?.tensor(prefix, name) }
}
