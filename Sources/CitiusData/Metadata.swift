/// What is known about a data set beside its numbers.
public struct Metadata: Sendable, Equatable {
    /// The data set's name.
    public var name: String
    /// The classes' names; a label is an index into them.
    public var classNames: [String]
    /// The names of the inputs' last axis, for tables.
    public var featureNames: [String]
    /// The address where the data set is published.
    public var source: String
    /// The licence it is published under.
    public var licence: String
    /// Where these samples were read from, in words: a folder, or a part of this library.
    public var origin: String

    public init(
        name: String = "", classNames: [String] = [], featureNames: [String] = [], source: String = "",
        licence: String = "", origin: String = ""
    ) {
        self.name = name
        self.classNames = classNames
        self.featureNames = featureNames
        self.source = source
        self.licence = licence
        self.origin = origin
    }
}
