/// What the world can get wrong about one of Keras's files.
public struct KerasFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The sort of trouble, for a program that reacts to it.
    public enum Kind: Sendable, Equatable {
        /// The file is not there.
        case missing
        /// The file is there and cannot be read.
        case unreadable
        /// The file cannot be written.
        case unwritable
        /// The bytes break their format: truncated, corrupt, or of another format.
        case malformed
        /// Something that the format has and a file of Keras must not: links, data in other files.
        case forbidden
        /// The file claims to hold far more than its bytes can.
        case tooLarge
        /// Something that Citius does not have: a layer, a type of elements.
        case unsupported
        /// The weights are not those of the model.
        case mismatch
    }

    public let kind: Kind
    /// A full sentence: what went wrong, where, and what to do about it.
    public let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
