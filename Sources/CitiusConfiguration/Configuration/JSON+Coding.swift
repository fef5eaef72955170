extension JSON {
    /// A value as JSON, its keys in Keras's spelling: a property `kernelSize` becomes the member `kernel_size`.
    ///
    /// Members come in the order in which the value encodes them. Properties that are nil become `null`, as Keras
    /// writes them. A `Float` keeps its own decimal digits: 0.1 is `0.1`. The keys of dictionaries stay as they are
    /// and go in order of their bytes. A `JSON` within the value is itself.
    ///
    /// - Throws: a `CodingFailure` if the value encodes an integer beyond 64 bits, encodes nothing, or throws itself.
    public init(
        encoding value: some Encodable, userInfo: [CodingUserInfoKey: any Sendable] = [:]
    ) throws(CodingFailure) {
        let node = EncodingNode()
        do {
            try ConfigurationEncoder(node: node, codingPath: [], userInfo: userInfo).encode(value)
        } catch {
            throw CodingFailure(error)
        }
        self = node.json
    }

    /// The value that this JSON describes; the inverse of `init(encoding:)`.
    ///
    /// An `Int` is read from any number without a fraction (`3.0` too), a `Double` from any number. Members that the
    /// type does not ask for are ignored.
    ///
    /// - Throws: a `CodingFailure` that names the path of what does not fit.
    public func decoded<Value: Decodable>(
        as type: Value.Type = Value.self, userInfo: [CodingUserInfoKey: any Sendable] = [:]
    ) throws(CodingFailure) -> Value {
        do {
            return try ConfigurationDecoder(json: self, codingPath: [], userInfo: userInfo).decode(type)
        } catch {
            throw CodingFailure(error)
        }
    }

    /// Why a value cannot be made from JSON, or JSON from a value.
    public struct CodingFailure: Error, Sendable, Equatable, CustomStringConvertible {
        /// Where: `config.kernel_initializer.config.seed`; empty for the whole.
        public let path: String
        /// What was expected, and what was found.
        public let message: String

        public init(path: String, message: String) {
            self.path = path
            self.message = message
        }

        /// Any error as a failure; those of `Codable` with their path.
        init(_ error: any Error) {
            let context: (path: [any CodingKey], message: String)
            switch error {
            case let failure as CodingFailure:
                self = failure
                return
            case DecodingError.typeMismatch(_, let detail), DecodingError.valueNotFound(_, let detail),
                DecodingError.keyNotFound(_, let detail), DecodingError.dataCorrupted(let detail):
                context = (detail.codingPath, detail.debugDescription)
            case EncodingError.invalidValue(_, let detail):
                context = (detail.codingPath, detail.debugDescription)
            default:
                context = ([], "\(error)")
            }
            self.init(path: Self.path(of: context.path), message: context.message)
        }

        static func path(of keys: [any CodingKey]) -> String {
            keys.reduce(into: "") { path, key in
                if let index = key.intValue {
                    path += "[\(index)]"
                } else {
                    path += (path.isEmpty ? "" : ".") + key.stringValue
                }
            }
        }

        public var description: String { path.isEmpty ? message : "\(path): \(message)" }
    }

    /// What a message calls the value: short enough for one line.
    package var summary: String {
        switch self {
        case .array(let array): "an array of \(array.count)"
        case .object(let object): "an object of \(object.count)"
        default:
            text().count <= 60 ? text() : String(text().prefix(60)) + "…"
        }
    }
}

// MARK: A JSON within a value

extension JSON: Codable {
    /// Takes the value as it is. Throws in the coders of other formats.
    public init(from decoder: any Decoder) throws {
        guard let decoder = decoder as? ConfigurationDecoder else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: decoder.codingPath,
                    debugDescription: "JSON is read by JSON.decoded(as:) alone, not by \(type(of: decoder))"))
        }
        self = decoder.json
    }

    public func encode(to encoder: any Encoder) throws {
        guard let encoder = encoder as? ConfigurationEncoder else {
            throw EncodingError.invalidValue(
                self,
                EncodingError.Context(
                    codingPath: encoder.codingPath,
                    debugDescription: "JSON is written by JSON(encoding:) alone, not by \(type(of: encoder))")
            )
        }
        encoder.node.content = .json(self)
    }
}

/// A place in an array, as a coding key.
struct IndexKey: CodingKey {
    let index: Int
    init(_ index: Int) { self.index = index }
    init?(intValue: Int) { index = intValue }
    init?(stringValue: String) { return nil }
    var intValue: Int? { index }
    var stringValue: String { "\(index)" }
}

/// A member's name, taken as it is.
struct NameKey: CodingKey {
    let stringValue: String
    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { return nil }
    var intValue: Int? { nil }
}
