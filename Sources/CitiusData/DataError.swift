/// What the world can get wrong about data: files, downloads, labels. Never a programmer's mistake, which
/// traps instead.
public struct DataError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The sort of trouble, for a program that reacts to it.
    public enum Kind: Sendable, Equatable {
        /// A file, a folder, or what is asked for of one, is not there.
        case missing
        /// A file is there and cannot be read.
        case unreadable
        /// A file or a folder cannot be written.
        case unwritable
        /// The bytes break their format: truncated, corrupt, or of another format.
        case malformed
        /// The elements are of a type that no `Tensor` has.
        case unsupportedType
        /// The data would need more memory than the caller allows.
        case tooLarge
        /// A label is outside the classes.
        case invalidLabel
        /// There are no samples where some are needed.
        case empty
        /// A download failed.
        case download
        /// A file came through, and is not the one that was published.
        case checksumMismatch
    }

    public let kind: Kind
    /// A full sentence: what went wrong, where, and what to do about it.
    public let message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
