import CitiusPlatform

/// A JSON value (RFC 8259).
///
/// Integers and real numbers are told apart by how they are written, as in Python: `3` is an integer, `3.0` and `3e0`
/// are numbers. Objects keep the order of their keys.
///
/// ```swift
/// let value = try JSON(parsing: #"{"units": 3, "activation": "relu"}"#)
/// value["units"]  // .integer(3)
/// print(value.text(.pretty))
/// ```
public enum JSON: Sendable, Equatable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSON])
    case object(Object)

    /// The member of that name; nil if there is none or the value is no object.
    public subscript(key: String) -> JSON? {
        if case .object(let object) = self { object[key] } else { nil }
    }

    /// The members, if this is an object.
    public var object: Object? { if case .object(let object) = self { object } else { nil } }

    /// The elements, if this is an array.
    public var array: [JSON]? { if case .array(let array) = self { array } else { nil } }

    /// The text, if this is a string.
    public var string: String? { if case .string(let string) = self { string } else { nil } }

    /// The truth, if this is a bool.
    public var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }

    /// The number, if this is one without a fraction that an `Int` holds.
    public var int: Int? {
        switch self {
        case .integer(let integer): Int(exactly: integer)
        case .number(let number): Int(exactly: number)
        default: nil
        }
    }

    /// The number, if this is one.
    public var double: Double? {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        default: nil
        }
    }
}

// MARK: Objects

extension JSON {
    /// The members of an object, in their order. Two objects are equal if they have the same members in any order.
    ///
    /// Keys are Swift strings: two that Unicode holds for equal (é as one scalar, or as two) are one key.
    public struct Object: Sendable, ExpressibleByDictionaryLiteral {
        public private(set) var keys: [String] = []
        public private(set) var values: [JSON] = []
        private var positions: [String: Int] = [:]

        public init() {}

        /// Traps if a key occurs twice.
        public init(dictionaryLiteral elements: (String, JSON)...) {
            for (key, value) in elements {
                guard append(value, forKey: key) else { fail("JSON: the key \"\(key)\" occurs twice") }
            }
        }

        public var count: Int { keys.count }
        public var isEmpty: Bool { keys.isEmpty }

        /// The member of that name. Setting appends or replaces; setting nil removes, in time linear in the members.
        public subscript(key: String) -> JSON? {
            get { positions[key].map { values[$0] } }
            set {
                guard let newValue else { return remove(key) }
                if let position = positions[key] {
                    values[position] = newValue
                } else {
                    append(newValue, forKey: key)
                }
            }
        }

        /// Adds a member at the end; false, and no change, if the key is there already.
        @discardableResult
        package mutating func append(_ value: JSON, forKey key: String) -> Bool {
            if let position = positions.updateValue(keys.count, forKey: key) {
                positions[key] = position
                return false
            }
            keys.append(key)
            values.append(value)
            return true
        }

        private mutating func remove(_ key: String) {
            guard let position = positions.removeValue(forKey: key) else { return }
            keys.remove(at: position)
            values.remove(at: position)
            for later in position..<keys.count { positions[keys[later]] = later }
        }
    }
}

extension JSON.Object: Sequence {
    public func makeIterator() -> Zip2Sequence<[String], [JSON]>.Iterator { zip(keys, values).makeIterator() }
}

extension JSON.Object: Equatable {
    public static func == (a: Self, b: Self) -> Bool {
        a.count == b.count && a.allSatisfy { key, value in b[key] == value }
    }
}

// MARK: Literals

extension JSON: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByFloatLiteral, ExpressibleByStringLiteral, ExpressibleByStringInterpolation,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }

    /// Traps if a key occurs twice.
    public init(dictionaryLiteral elements: (String, JSON)...) {
        var object = Object()
        for (key, value) in elements {
            guard object.append(value, forKey: key) else {
                fail("JSON: the key \"\(key)\" occurs twice")
            }
        }
        self = .object(object)
    }
}
