/// Decodes values from JSON with Keras's keys; see `JSON.decoded(as:)`.
struct ConfigurationDecoder: Decoder, SingleValueDecodingContainer {
    let json: JSON
    let codingPath: [any CodingKey]
    let sendableUserInfo: [CodingUserInfoKey: any Sendable]

    var userInfo: [CodingUserInfoKey: Any] { sendableUserInfo }

    init(json: JSON, codingPath: [any CodingKey], userInfo: [CodingUserInfoKey: any Sendable]) {
        self.json = json
        self.codingPath = codingPath
        sendableUserInfo = userInfo
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard case .object(let object) = json else { throw mismatch([String: JSON].self, "an object") }
        return KeyedDecodingContainer(MemberContainer(object: object, decoder: self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard case .array(let array) = json else { throw mismatch([JSON].self, "an array") }
        return ElementContainer(elements: array, decoder: self)
    }

    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    func nested(_ json: JSON, _ key: any CodingKey) -> ConfigurationDecoder {
        ConfigurationDecoder(json: json, codingPath: codingPath + [key], userInfo: sendableUserInfo)
    }

    func mismatch(_ type: Any.Type, _ expected: String) -> DecodingError {
        let context = DecodingError.Context(
            codingPath: codingPath, debugDescription: "expected \(expected), found \(json.summary)")
        return json == .null ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    // MARK: Single values

    func decodeNil() -> Bool { json == .null }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard let bool = json.bool else { throw mismatch(type, "true or false") }
        return bool
    }

    func decode(_ type: String.Type) throws -> String {
        guard let string = json.string else { throw mismatch(type, "a string") }
        return string
    }

    func decode(_ type: Double.Type) throws -> Double {
        guard let double = json.double else { throw mismatch(type, "a number") }
        return double
    }

    func decode(_ type: Float.Type) throws -> Float {
        guard let double = json.double else { throw mismatch(type, "a number") }
        return Float(double)
    }

    func decode(_ type: Int.Type) throws -> Int { try integer() }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer() }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer() }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer() }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer() }
    func decode(_ type: UInt.Type) throws -> UInt { try integer() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer() }

    private func integer<Integer: FixedWidthInteger>() throws -> Integer {
        let integer: Integer? =
            switch json {
            case .integer(let integer): Integer(exactly: integer)
            case .number(let number): Integer(exactly: number)
            default: nil
            }
        guard let integer else {
            throw mismatch(
                Integer.self,
                Integer.self == Int.self || json.double == nil
                    ? "an integer" : "an integer from \(Integer.min) to \(Integer.max)")
        }
        return integer
    }

    func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
        if let dictionary = type as? any StringKeyed.Type {
            // A dictionary's type makes a dictionary of that type.
            if let value = try dictionary.decodeMembers(from: self) as? Value { return value }
        }
        return try type.init(from: self)
    }

    // MARK: Members

    private struct MemberContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let object: JSON.Object
        let decoder: ConfigurationDecoder
        var codingPath: [any CodingKey] { decoder.codingPath }

        var allKeys: [Key] {
            object.keys.compactMap { Key(stringValue: $0) ?? Key(stringValue: camelCase($0)) }
        }

        func contains(_ key: Key) -> Bool { object[snakeCase(key.stringValue)] != nil }

        private func member(_ key: Key) throws -> ConfigurationDecoder {
            let name = snakeCase(key.stringValue)
            guard let json = object[name] else {
                let known = object.isEmpty ? "none" : object.keys.sorted().joined(separator: ", ")
                throw DecodingError.keyNotFound(
                    key,
                    DecodingError.Context(
                        codingPath: codingPath, debugDescription: "\"\(name)\" is missing; there are \(known)"
                    ))
            }
            return decoder.nested(json, NameKey(name))
        }

        func decodeNil(forKey key: Key) throws -> Bool { try member(key).decodeNil() }

        func decode<Value: Decodable>(_ type: Value.Type, forKey key: Key) throws -> Value {
            try member(key).decode(type)
        }

        func nestedContainer<NestedKey: CodingKey>(
            keyedBy type: NestedKey.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<NestedKey> { try member(key).container(keyedBy: type) }

        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            try member(key).unkeyedContainer()
        }

        func superDecoder() throws -> any Decoder {
            decoder.nested(object["super"] ?? .null, NameKey("super"))
        }

        /// Of `null` where there is no such member.
        func superDecoder(forKey key: Key) throws -> any Decoder {
            let name = snakeCase(key.stringValue)
            return decoder.nested(object[name] ?? .null, NameKey(name))
        }
    }

    // MARK: Elements

    private struct ElementContainer: UnkeyedDecodingContainer {
        let elements: [JSON]
        let decoder: ConfigurationDecoder
        var currentIndex = 0
        var codingPath: [any CodingKey] { decoder.codingPath }
        var count: Int? { elements.count }
        var isAtEnd: Bool { currentIndex == elements.count }

        init(elements: [JSON], decoder: ConfigurationDecoder) {
            self.elements = elements
            self.decoder = decoder
        }

        private func element() throws -> ConfigurationDecoder {
            let key = IndexKey(currentIndex)
            guard !isAtEnd else {
                throw DecodingError.valueNotFound(
                    JSON.self,
                    DecodingError.Context(
                        codingPath: codingPath + [key],
                        debugDescription: "the array ends after \(elements.count) elements"))
            }
            return decoder.nested(elements[currentIndex], key)
        }

        mutating func decodeNil() throws -> Bool {
            guard try element().decodeNil() else { return false }
            currentIndex += 1
            return true
        }

        mutating func decode<Value: Decodable>(_ type: Value.Type) throws -> Value {
            let value = try element().decode(type)
            currentIndex += 1
            return value
        }

        mutating func nestedContainer<NestedKey: CodingKey>(
            keyedBy type: NestedKey.Type
        ) throws -> KeyedDecodingContainer<NestedKey> {
            let container = try element().container(keyedBy: type)
            currentIndex += 1
            return container
        }

        mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
            let container = try element().unkeyedContainer()
            currentIndex += 1
            return container
        }

        mutating func superDecoder() throws -> any Decoder {
            let decoder = try element()
            currentIndex += 1
            return decoder
        }
    }
}

/// A dictionary with names for keys, which are data and keep their spelling.
private protocol StringKeyed {
    static func decodeMembers(from decoder: ConfigurationDecoder) throws -> Self
}

extension Dictionary: StringKeyed where Key == String, Value: Decodable {
    fileprivate static func decodeMembers(from decoder: ConfigurationDecoder) throws -> [String: Value] {
        guard case .object(let object) = decoder.json else {
            throw decoder.mismatch(Self.self, "an object")
        }
        var dictionary: [String: Value] = [:]
        for (key, json) in object {
            dictionary[key] = try decoder.nested(json, NameKey(key)).decode(Value.self)
        }
        return dictionary
    }
}
