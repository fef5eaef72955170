/// Axes in a configuration: Keras writes one as a number and several as a list.
public struct AxisList: Codable, Sendable, Equatable {
    public let numbers: [Int]

    public init(_ numbers: [Int]) { self.numbers = numbers }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let axis = try? container.decode(Int.self) {
            numbers = [axis]
        } else {
            numbers = try container.decode([Int].self)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if numbers.count == 1 { try container.encode(numbers[0]) } else { try container.encode(numbers) }
    }
}
