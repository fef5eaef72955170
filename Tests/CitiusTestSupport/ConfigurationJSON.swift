import CitiusConfiguration
import Foundation
import Testing

/// Configurations as JSON text, with Keras's snake-case keys.
public enum ConfigurationJSON {
    public static func decode<Value: Decodable>(
        _ type: Value.Type, from text: String, types: ConfigurationTypes
    ) throws -> Value {
        let decoder = JSONDecoder()
        decoder.userInfo[.configurationTypes] = types
        decoder.keyDecodingStrategy = .custom { Key(camelCase($0.last?.stringValue ?? "")) }
        return try decoder.decode(type, from: Data(text.utf8))
    }

    public static func encode(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        encoder.keyEncodingStrategy = .custom { Key(snakeCase($0.last?.stringValue ?? "")) }
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    /// Expects a value's description to say all that Keras's says, with the same numbers to the precision of float32.
    /// An absent key and null are the same.
    public static func expectSame(
        _ value: some Encodable, as text: String, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let encoded = try encode(value)
        let (ours, theirs) = try (object(encoded), object(text))
        if let difference = difference(ours, theirs, at: "") {
            Issue.record(
                "\(difference)\n  ours: \(encoded)\n  Keras's: \(text)", sourceLocation: sourceLocation)
        }
    }

    private static func object(_ text: String) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(text.utf8), options: .fragmentsAllowed)
    }

    private static func difference(_ ours: Any?, _ theirs: Any?, at path: String) -> String? {
        switch (ours, theirs) {
        case (nil, is NSNull), (is NSNull, is NSNull), (nil, nil): return nil
        case (let ours as [String: Any], let theirs as [String: Any]):
            return theirs.keys.sorted().lazy.compactMap {
                difference(ours[$0], theirs[$0], at: "\(path).\($0)")
            }.first
        case (let ours as [Any], let theirs as [Any]) where ours.count == theirs.count:
            return ours.indices.lazy.compactMap { difference(ours[$0], theirs[$0], at: "\(path)[\($0)]") }
                .first
        case (let ours as String, let theirs as String) where ours == theirs: return nil
        case (let ours as Double, let theirs as Double)
        where abs(ours - theirs) <= 1e-7 * abs(theirs): return nil
        default: return "\(path): \(ours ?? "nothing"), Keras writes \(theirs ?? "nothing")"
        }
    }

    private struct Key: CodingKey {
        let stringValue: String
        let intValue: Int? = nil

        init(_ name: String) { stringValue = name }
        init(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    static func snakeCase(_ name: String) -> String {
        name.reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
    }

    static func camelCase(_ name: String) -> String {
        let words = name.split(separator: "_", omittingEmptySubsequences: false)
        return words.dropFirst().reduce(words.first.map(String.init) ?? "") { $0 + $1.capitalized }
    }
}
