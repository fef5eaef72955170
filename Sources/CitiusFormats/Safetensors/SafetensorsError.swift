/// What the world can get wrong about a safetensors file.
public struct SafetensorsError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The sort of trouble, for a program that reacts to it.
    public enum Kind: Sendable, Equatable {
        /// The file is not there.
        case missing
        /// The file is there and cannot be read, or is no regular file.
        case unreadable
        /// The file cannot be written: its folder is missing or closed, or the disk is full.
        case unwritable
        /// The file ends before what it claims to hold.
        case truncated
        /// The header is longer than the format allows.
        case headerTooLarge
        /// The header is no JSON in UTF-8, or does not say what the format asks for.
        case malformedHeader
        /// Two tensors, or two entries of the metadata, have one name.
        case duplicateName
        /// A shape, or its bytes, cannot be counted in 64 bits.
        case overflow
        /// A tensor's bytes are not as many as its type and shape say.
        case sizeMismatch
        /// Two tensors share bytes.
        case overlap
        /// Bytes belong to no tensor.
        case hole
        /// Bytes follow the last tensor.
        case trailingBytes
        /// There is no tensor of that name.
        case noSuchTensor
        /// The elements are of a type that no `Tensor` has.
        case unsupportedType
    }

    public let kind: Kind
    /// A full sentence: what went wrong, where, and what to do about it.
    public let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
