import CitiusTensor

/// The windows of a pool: their size, how far they lie apart, and whether they reach over the image's border.
public struct PoolWindow: Sendable, Hashable {
    public let size: Size2D
    public let strides: Size2D
    public let padding: Padding

    /// - Parameter strides: by default windows touch and do not overlap.
    public init(_ size: Size2D, strides: Size2D? = nil, padding: Padding = .valid) {
        self.size = size
        self.strides = strides ?? size
        self.padding = padding
    }
}
