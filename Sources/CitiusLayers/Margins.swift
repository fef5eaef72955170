import CitiusTensor

/// How much is added or cut at both ends of an axis. In a configuration it reads as Keras writes it, `[before, after]`.
public struct Margin: Sendable, Hashable, Codable {
    public var before: Int
    public var after: Int

    public init(_ before: Int, _ after: Int) {
        self.before = before
        self.after = after
    }

    /// The same at both ends.
    public init(_ both: Int) { self.init(both, both) }

    public init(from decoder: any Decoder) throws {
        if let both = try? decoder.singleValueContainer().decode(Int.self) {
            self.init(both)
            return
        }
        var container = try decoder.unkeyedContainer()
        self.init(try container.decode(Int.self), try container.decode(Int.self))
        guard container.isAtEnd else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "more than two numbers, expected one before and one after")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.unkeyedContainer()
        try container.encode(before)
        try container.encode(after)
    }
}

/// The fault of margins that are not `count` in number, or negative.
func faultUnlessMargins(_ name: String, _ margins: [Margin], count: Int) -> String? {
    if margins.count != count {
        return "\(name) has margins for \(margins.count) axes, expected \(count)"
    }
    let range = 0...Int(Int32.max)
    return margins.allSatisfy { range.contains($0.before) && range.contains($0.after) }
        ? nil : "\(name) is \(margins.map { [$0.before, $0.after] }), expected numbers that are not negative"
}

extension Layer {
    /// The fault of samples that do not have so many spatial axes and channels, each within 32 bits, so that sums and
    /// products of two never overflow.
    final func spatialFault(
        of shape: Shape, rank: Int, _ format: DataFormat = .channelsLast
    ) -> String? {
        let axes = ["steps", "height, width", "depth, height, width"][rank - 1]
        if let fault = faultUnlessRank(rank + 1, format.axes(axes), of: shape) { return fault }
        let size = shape.sizes.first { $0 > Int(Int32.max) }
        return size.map { "samples of shape \(shape) have an axis of \($0), expected at most \(Int32.max)" }
    }
}
