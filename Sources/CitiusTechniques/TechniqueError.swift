import CitiusTensor

/// Why a technique cannot take part in a training, or a training with it cannot be resumed.
public struct TechniqueError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What is wrong, and what to do about it.
    public let description: String

    init(_ description: String) { self.description = description }
}

extension [String: Tensor] {
    /// A saved tensor. Throws if it is missing, or of another type or shape; nil for any shape.
    func saved(_ name: String, _ dtype: DType, _ shape: Shape? = nil) throws(TechniqueError) -> Tensor {
        guard let tensor = self[name] else { throw TechniqueError("the backup lacks its \(name)") }
        guard tensor.dtype == dtype, shape == nil || tensor.shape == shape else {
            throw TechniqueError(
                "\(name) in the backup is \(tensor.dtype) \(tensor.shape), expected \(dtype) "
                    + (shape.map { "\($0)" } ?? "of any shape"))
        }
        return tensor
    }

    /// A saved number that counts something.
    func savedCount(_ name: String) throws(TechniqueError) -> Int {
        let count = try saved(name, .int64, []).element(as: Int64.self)
        guard (0..<1 << 48).contains(count) else {
            throw TechniqueError("\(name) in the backup is \(count), expected a number of at least 0")
        }
        return Int(count)
    }
}
