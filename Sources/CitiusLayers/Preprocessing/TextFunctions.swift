import CitiusConfiguration
import CitiusPlatform

/// What `TextVectorization` does to a text before it is split.
///
/// ```swift
/// TextVectorization(standardize: .lower)
/// TextVectorization(standardize: TextStandardization("no_tags") { $0.replacing(#/<[^>]*>/#, with: " ") })
/// ```
public struct TextStandardization: Sendable {
    public let name: String
    /// One of your own.
    let function: (@Sendable (String) -> String)?

    /// A function of your own. A model that uses it can be loaded where a function of this name is named to the loader:
    /// `types.add(standardization, named: standardization.name)`.
    public init(_ name: String, _ function: @escaping @Sendable (String) -> String) {
        (self.name, self.function) = (name, function)
    }

    private init(library name: String) { (self.name, function) = (name, nil) }

    /// Letters from A to Z become small, and ASCII punctuation is dropped.
    public static let lowerAndStripPunctuation = TextStandardization(library: "lower_and_strip_punctuation")
    /// Letters from A to Z become small; others stay, as in Keras.
    public static let lower = TextStandardization(library: "lower")
    /// ASCII punctuation is dropped.
    public static let stripPunctuation = TextStandardization(library: "strip_punctuation")

    var lowers: Bool { function == nil && name != "strip_punctuation" }
    var strips: Bool { function == nil && name != "lower" }
}

/// How `TextVectorization` splits a text.
public struct TextSplitting: Sendable {
    public let name: String
    /// One of your own.
    let function: (@Sendable (String) -> [String])?

    /// A function of your own. A model that uses it can be loaded where a function of this name is named to the loader:
    /// `types.add(splitting, named: splitting.name)`.
    public init(_ name: String, _ function: @escaping @Sendable (String) -> [String]) {
        (self.name, self.function) = (name, function)
    }

    private init(library name: String) { (self.name, function) = (name, nil) }

    /// Into words: at spaces, tabs and the ends of lines.
    public static let whitespace = TextSplitting(library: "whitespace")
    /// Into Unicode's code points.
    public static let character = TextSplitting(library: "character")

    var isCharacter: Bool { function == nil && name == "character" }
}

extension TextStandardization: NamedTextFunction {
    static let what = "standardization"
    static let library: [TextStandardization] = [.lowerAndStripPunctuation, .lower, .stripPunctuation]
    var isLibrary: Bool { function == nil }

    public init(from decoder: any Decoder) throws { self = try Self.decoded(from: decoder) }
    public func encode(to encoder: any Encoder) throws { try encoded(to: encoder) }
}

extension TextSplitting: NamedTextFunction {
    static let what = "splitting"
    static let library: [TextSplitting] = [.whitespace, .character]
    var isLibrary: Bool { function == nil }

    public init(from decoder: any Decoder) throws { self = try Self.decoded(from: decoder) }
    public func encode(to encoder: any Encoder) throws { try encoded(to: encoder) }
}

/// A function that files name: one of the library's by a string, another in Keras's envelope of functions.
private protocol NamedTextFunction: Codable, Sendable {
    static var what: String { get }
    static var library: [Self] { get }
    var name: String { get }
    var isLibrary: Bool { get }
}

extension NamedTextFunction {
    fileprivate static func decoded(from decoder: any Decoder) throws -> Self {
        guard let name = try? decoder.singleValueContainer().decode(String.self) else {
            return try ConfigurationEnvelope.decode(Never.self, called: what, from: decoder) { _, _ -> Self in
            }
        }
        let own = decoder.configurationTypes.function(named: name, as: Self.self)
        guard let function = library.first(where: { $0.name == name }) ?? own else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription: "there is no \(what) \"\(name)\"; known are "
                        + library.map { $0.name }.joined(separator: ", ")
                        + ". Name one of your own to the loader."))
        }
        return function
    }

    fileprivate func encoded(to encoder: any Encoder) throws {
        guard isLibrary else { return try ConfigurationEnvelope.encode(functionNamed: name, to: encoder) }
        var container = encoder.singleValueContainer()
        try container.encode(name)
    }
}

/// Which n-grams are made of a text's words: `2` stands for single words and pairs, `[2]` for pairs alone.
public enum NGrams: Codable, Sendable, Equatable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    /// Of one word up to so many.
    case upTo(Int)
    /// Of these numbers of words.
    case of([Int])

    public init(integerLiteral value: Int) { self = .upTo(value) }
    public init(arrayLiteral elements: Int...) { self = .of(elements) }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let limit = try? container.decode(Int.self) {
            self = .upTo(limit)
        } else {
            self = .of(try container.decode([Int].self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .upTo(let limit): try container.encode(limit)
        case .of(let widths): try container.encode(widths)
        }
    }

    /// The most words of an n-gram, and the most kinds.
    private static let limit = 1_000

    var fault: String? {
        let isInRange =
            switch self {
            case .upTo(let limit): (1...Self.limit).contains(limit)
            case .of(let widths):
                (1...Self.limit).contains(widths.count)
                    && widths.allSatisfy { (1...Self.limit).contains($0) }
            }
        return isInRange ? nil : "ngrams is \(self), expected numbers of words from 1 to \(Self.limit)"
    }

    /// The numbers of words, in order.
    var widths: [Int] {
        switch self {
        case .upTo(let limit): Array(1...limit)
        case .of(let widths): widths
        }
    }
}
