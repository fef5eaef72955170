import CitiusModels

/// Why a model cannot be made smaller.
public struct CompressionError: Error, Sendable, Equatable, CustomStringConvertible {
    public let description: String

    init(_ description: String) { self.description = description }
}

extension GraphRewriting {
    /// Names for layers that come to those there are.
    struct Names {
        private var taken: Set<String>

        init(_ rewriting: GraphRewriting) { taken = Set(rewriting.calls.map { $0.layer.name }) }

        /// This name, or numbered where a layer has it.
        mutating func name(_ base: String) -> String {
            var name = base
            var number = 1
            while !taken.insert(name).inserted {
                name = "\(base)_\(number)"
                number += 1
            }
            return name
        }
    }
}
