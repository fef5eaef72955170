/// Why a model cannot be saved or loaded.
public struct SavingError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of fault it is.
    public enum Kind: Sendable, Equatable {
        /// A layer, loss, metric or optimizer does not describe itself.
        case notConfigurable
        /// The description is not one of a model that can be made here.
        case architecture
        /// The weights are not those of the model.
        case weights
        /// The training's state does not belong to the model or its optimizer.
        case trainingState
        /// The file cannot be read, written, or is no model's.
        case file
    }

    public let kind: Kind
    /// What is wrong, where, and what to do about it.
    public let description: String

    init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
