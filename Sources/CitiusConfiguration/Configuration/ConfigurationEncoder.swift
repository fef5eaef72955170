/// A place in the JSON that is being made. Containers share it until the whole is read off.
final class EncodingNode {
    enum Content {
        /// Nothing was encoded here.
        case none
        case json(JSON)
        case array([EncodingNode])
        case object([(key: String, node: EncodingNode)])
    }

    var content = Content.none

    /// What was encoded; an empty object where nothing was, since that is what a type without properties encodes.
    var json: JSON {
        switch content {
        case .none: return .object(JSON.Object())
        case .json(let json): return json
        case .array(let nodes): return .array(nodes.map(\.json))
        case .object(let members):
            var object = JSON.Object()
            // Encoded twice under one key, the last one counts.
            for (key, node) in members { object[key] = node.json }
            return .object(object)
        }
    }

    func member(_ key: String) -> EncodingNode {
        let node = EncodingNode()
        if case .object(var members) = content {
            content = .none
            members.append((key, node))
            content = .object(members)
        } else {
            content = .object([(key, node)])
        }
        return node
    }

    func element() -> EncodingNode {
        let node = EncodingNode()
        if case .array(var nodes) = content {
            content = .none
            nodes.append(node)
            content = .array(nodes)
        } else {
            content = .array([node])
        }
        return node
    }
}

/// Encodes values as JSON with Keras's keys; see `JSON.init(encoding:)`.
struct ConfigurationEncoder: Encoder, SingleValueEncodingContainer {
    let node: EncodingNode
    let codingPath: [any CodingKey]
    let sendableUserInfo: [CodingUserInfoKey: any Sendable]

    var userInfo: [CodingUserInfoKey: Any] { sendableUserInfo }

    init(node: EncodingNode, codingPath: [any CodingKey], userInfo: [CodingUserInfoKey: any Sendable]) {
        self.node = node
        self.codingPath = codingPath
        sendableUserInfo = userInfo
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        if case .object = node.content {} else { node.content = .object([]) }
        return KeyedEncodingContainer(MemberContainer(encoder: self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .array = node.content {} else { node.content = .array([]) }
        return ElementContainer(encoder: self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    /// The encoder of a member.
    func nested(_ key: any CodingKey, as name: String) -> ConfigurationEncoder {
        ConfigurationEncoder(
            node: node.member(name), codingPath: codingPath + [NameKey(name)], userInfo: sendableUserInfo)
    }

    // MARK: Single values

    func encodeNil() { node.content = .json(.null) }
    func encode(_ value: Bool) { node.content = .json(.bool(value)) }
    func encode(_ value: String) { node.content = .json(.string(value)) }
    func encode(_ value: Double) { node.content = .json(.number(value)) }

    /// The double of a float's shortest digits, so that 0.1 is written as 0.1; the nearest float to it is the float.
    func encode(_ value: Float) {
        node.content = .json(.number(Double(value.description) ?? Double(value)))
    }

    func encode(_ value: Int) { node.content = .json(.integer(Int64(value))) }
    func encode(_ value: Int8) { node.content = .json(.integer(Int64(value))) }
    func encode(_ value: Int16) { node.content = .json(.integer(Int64(value))) }
    func encode(_ value: Int32) { node.content = .json(.integer(Int64(value))) }
    func encode(_ value: Int64) { node.content = .json(.integer(value)) }
    func encode(_ value: UInt) throws { try encode(UInt64(value)) }
    func encode(_ value: UInt8) { node.content = .json(.integer(Int64(value))) }
    func encode(_ value: UInt16) { node.content = .json(.integer(Int64(value))) }
    func encode(_ value: UInt32) { node.content = .json(.integer(Int64(value))) }

    func encode(_ value: UInt64) throws {
        guard let integer = Int64(exactly: value) else {
            throw EncodingError.invalidValue(
                value,
                EncodingError.Context(
                    codingPath: codingPath,
                    debugDescription: "\(value) is beyond the integers of 64 bits with a sign"
                ))
        }
        node.content = .json(.integer(integer))
    }

    func encode<Value: Encodable>(_ value: Value) throws {
        if let dictionary = value as? any StringKeyed {
            try dictionary.encodeMembers(to: self)
        } else {
            // Standard types encode themselves by the single values above.
            try value.encode(to: self)
        }
    }

    // MARK: Members

    private struct MemberContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
        let encoder: ConfigurationEncoder
        var codingPath: [any CodingKey] { encoder.codingPath }

        private func member(_ key: any CodingKey) -> ConfigurationEncoder {
            encoder.nested(key, as: snakeCase(key.stringValue))
        }

        func encodeNil(forKey key: Key) { member(key).encodeNil() }
        func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
            try member(key).encode(value)
        }

        // What is nil is written, as Keras does it.
        func encodeIfPresent(_ value: Bool?, forKey key: Key) throws { try encodeOptional(value, key) }
        func encodeIfPresent(_ value: String?, forKey key: Key) throws { try encodeOptional(value, key) }
        func encodeIfPresent(_ value: Double?, forKey key: Key) throws { try encodeOptional(value, key) }
        func encodeIfPresent(_ value: Float?, forKey key: Key) throws { try encodeOptional(value, key) }
        func encodeIfPresent(_ value: Int?, forKey key: Key) throws { try encodeOptional(value, key) }
        func encodeIfPresent(_ value: Int8?, forKey key: Key) throws { try encodeOptional(value, key) }
        func encodeIfPresent(_ value: Int16?, forKey key: Key) throws { try encodeOptional(value, key) }
        func encodeIfPresent(_ value: Int32?, forKey key: Key) throws { try encodeOptional(value, key) }
        func encodeIfPresent(_ value: Int64?, forKey key: Key) throws { try encodeOptional(value, key) }
        func encodeIfPresent(_ value: UInt?, forKey key: Key) throws { try encodeOptional(value, key) }
        func encodeIfPresent(_ value: UInt8?, forKey key: Key) throws { try encodeOptional(value, key) }
        func encodeIfPresent(_ value: UInt16?, forKey key: Key) throws { try encodeOptional(value, key) }
        func encodeIfPresent(_ value: UInt32?, forKey key: Key) throws { try encodeOptional(value, key) }
        func encodeIfPresent(_ value: UInt64?, forKey key: Key) throws { try encodeOptional(value, key) }
        func encodeIfPresent<Value: Encodable>(_ value: Value?, forKey key: Key) throws {
            try encodeOptional(value, key)
        }

        private func encodeOptional(_ value: (some Encodable)?, _ key: Key) throws {
            if let value { try member(key).encode(value) } else { member(key).encodeNil() }
        }

        func nestedContainer<NestedKey: CodingKey>(
            keyedBy keyType: NestedKey.Type, forKey key: Key
        ) -> KeyedEncodingContainer<NestedKey> { member(key).container(keyedBy: keyType) }

        func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
            member(key).unkeyedContainer()
        }

        func superEncoder() -> any Encoder { member(NameKey("super")) }
        func superEncoder(forKey key: Key) -> any Encoder { member(key) }
    }

    // MARK: Elements

    private struct ElementContainer: UnkeyedEncodingContainer {
        let encoder: ConfigurationEncoder
        var codingPath: [any CodingKey] { encoder.codingPath }
        var count: Int { if case .array(let nodes) = encoder.node.content { nodes.count } else { 0 } }

        private func element() -> ConfigurationEncoder {
            let key = IndexKey(count)
            return ConfigurationEncoder(
                node: encoder.node.element(), codingPath: codingPath + [key],
                userInfo: encoder.sendableUserInfo)
        }

        func encodeNil() { element().encodeNil() }
        func encode<Value: Encodable>(_ value: Value) throws { try element().encode(value) }

        func nestedContainer<NestedKey: CodingKey>(
            keyedBy keyType: NestedKey.Type
        ) -> KeyedEncodingContainer<NestedKey> { element().container(keyedBy: keyType) }

        func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { element().unkeyedContainer() }
        func superEncoder() -> any Encoder { element() }
    }
}

/// A dictionary with names for keys, which are data and keep their spelling.
private protocol StringKeyed {
    func encodeMembers(to encoder: ConfigurationEncoder) throws
}

extension Dictionary: StringKeyed where Key == String, Value: Encodable {
    fileprivate func encodeMembers(to encoder: ConfigurationEncoder) throws {
        encoder.node.content = .object([])
        for key in keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            try encoder.nested(NameKey(key), as: key).encode(self[key])
        }
    }
}
