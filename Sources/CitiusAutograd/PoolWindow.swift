import CitiusTensor

/// The windows of a pool: their size, how far they lie apart, and whether they reach over the image's border.
package struct PoolWindow: Sendable, Hashable {
    package let size: Size2D
    package let strides: Size2D
    package let padding: Padding

    /// - Parameter strides: by default windows touch and do not overlap.
    package init(_ size: Size2D, strides: Size2D? = nil, padding: Padding = .valid) {
        self.size = size
        self.strides = strides ?? size
        self.padding = padding
    }
}
