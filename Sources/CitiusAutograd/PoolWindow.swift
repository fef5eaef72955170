import CitiusTensor

/// The windows of a pool: their size, how far they lie apart, and whether they reach over the image's border.
package struct PoolWindow: Sendable, Hashable {
    package let size: Size2D
    package let strides: Size2D
    package let padding: Padding
    /// One window over the whole image, whatever its size; the axes of the image, both 1 then, are kept or dropped.
    package let whole: Axes?

    package enum Axes: Sendable, Hashable {
        case kept, dropped
    }

    /// - Parameter strides: by default windows touch and do not overlap.
    package init(_ size: Size2D, strides: Size2D? = nil, padding: Padding = .valid) {
        self.size = size
        self.strides = strides ?? size
        self.padding = padding
        whole = nil
    }

    /// One window over the whole image.
    package init(whole axes: Axes) {
        size = 1
        strides = 1
        padding = .valid
        whole = axes
    }

    /// The same windows for images of a size.
    package func over(_ image: Size2D) -> PoolWindow { whole == nil ? self : PoolWindow(image) }
}
