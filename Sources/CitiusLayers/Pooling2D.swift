import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// What pooling layers share: windows that slide over an image and leave one value each.
///
/// The output's height and width are ⌊(input − pool) / stride⌋ + 1 for `valid` padding and
/// ⌈input / stride⌉ for `same`.
public class Pooling2D: Layer {
    public let poolSize: Size2D
    public let strides: Size2D
    public let padding: Padding

    /// - Parameters:
    ///   - poolSize: pixels that a window spans.
    ///   - strides: pixels from one window to the next; by default windows touch and do not overlap.
    ///   - padding: whether the image is padded at its border.
    ///
    /// Traps if a size is not positive.
    public init(
        _ poolSize: Size2D = 2, strides: Size2D? = nil, padding: Padding = .valid, name: String? = nil
    ) {
        let strides = strides ?? poolSize
        for (name, size) in [("poolSize", poolSize), ("strides", strides)] {
            require(
                size.height > 0 && size.width > 0,
                "\(Self.self): \(name) is \(size), expected at least 1×1")
        }
        self.poolSize = poolSize
        self.strides = strides
        self.padding = padding
        super.init(name: name)
    }

    public override func outputShape(for inputShape: Shape) -> Shape {
        requireRank(3, "height, width, channels", of: inputShape)
        let (height, width) = windowOutputSize(
            inputShape, window: poolSize, strides: strides, padding: padding)
        return [height, width, inputShape[2]]
    }
}
