import CitiusTensor

/// Why data cannot be trained on, evaluated or predicted.
public struct TrainingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of fault it is.
    public enum Kind: Sendable, Equatable {
        /// There are no samples.
        case emptyData
        /// There are no more batches, and the sequence of them cannot be iterated again.
        case exhaustedData
        /// The data, or a transform of them, failed while they were read: a damaged file, say.
        case unreadableData
        /// The samples do not have the shape that the model takes.
        case inputShape
        /// The targets do not have the shape that the loss takes, or are not as many as the inputs.
        case targetShape
        /// A target is the number of no class.
        case labelOutOfRange
        /// A validation split that leaves nothing on one of its sides.
        case validationSplit
        /// A callback met an error; see `Callback.stop(with:)`.
        case callback
        /// Techniques that do not fit each other, the model or the data, or an error of one.
        case technique
    }

    public let kind: Kind
    /// What is wrong, where, and what to do about it.
    public let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
