/// Numbers in a configuration that may be one, a list, or lists of lists: what NumPy's `tolist()` gives.
public struct NumberArray: Codable, Sendable, Equatable, ExpressibleByArrayLiteral,
    ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral
{
    /// One size for each level of lists; none for one number.
    public let sizes: [Int]
    /// In row-major order.
    public let values: [Double]

    public init(_ value: Double) { (sizes, values) = ([], [value]) }
    public init(_ values: [Double]) { (sizes, self.values) = ([values.count], values) }
    public init(arrayLiteral elements: Double...) { self.init(elements) }
    public init(floatLiteral value: Double) { self.init(value) }
    public init(integerLiteral value: Int) { self.init(Double(value)) }

    private init(sizes: [Int], values: [Double]) { (self.sizes, self.values) = (sizes, values) }

    public init(from decoder: any Decoder) throws {
        self = try Self(from: decoder, depth: 0)
    }

    private init(from decoder: any Decoder, depth: Int) throws {
        func refuse(_ message: String) -> DecodingError {
            .dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: message))
        }
        if let value = try? decoder.singleValueContainer().decode(Double.self) {
            self.init(value)
            return
        }
        guard depth < 8 else { throw refuse("lists of more than 8 levels") }
        var container = try decoder.unkeyedContainer()
        var sizes: [Int]?
        var (values, count) = ([Double](), 0)
        while !container.isAtEnd {
            let part = try Self(from: container.superDecoder(), depth: depth + 1)
            guard sizes ?? part.sizes == part.sizes else { throw refuse("lists of different lengths") }
            sizes = part.sizes
            values += part.values
            count += 1
        }
        self.init(sizes: [count] + (sizes ?? []), values: values)
    }

    public func encode(to encoder: any Encoder) throws {
        guard let count = sizes.first else {
            var container = encoder.singleValueContainer()
            return try container.encode(values[0])
        }
        var container = encoder.unkeyedContainer()
        let rest = Array(sizes.dropFirst())
        let part = rest.reduce(1, *)
        for index in 0..<count {
            try container.encode(
                NumberArray(sizes: rest, values: Array(values[index * part..<(index + 1) * part])))
        }
    }
}
