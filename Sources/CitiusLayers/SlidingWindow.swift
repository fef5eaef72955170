import CitiusKernels
import CitiusTensor

/// A window that slides over sequences, images or volumes: where it can be, and what it then covers.
struct SlidingWindow<Size: SpatialSize> {
    var size: Size
    var strides: Size
    var padding: SequencePadding
    var dilation: Size?

    init(_ size: Size, strides: Size, padding: SequencePadding, dilation: Size? = nil) {
        (self.size, self.strides, self.padding, self.dilation) = (size, strides, padding, dilation)
    }

    init(_ size: Size, strides: Size, padding: Padding, dilation: Size? = nil) {
        self.init(size, strides: strides, padding: padding.alongSequences, dilation: dilation)
    }

    /// The windows along an axis of so many positions.
    func axis(_ number: Int, over count: Int) -> WindowGeometry.Axis {
        padding.axis(
            over: count, window: size.sizes[number], stride: strides.sizes[number],
            dilation: dilation?.sizes[number] ?? 1)
    }

    /// How often the window fits along each axis of samples, whose channels are last.
    func outputSizes(over sample: Shape) -> [Int] {
        (0..<Size.rank).map { axis($0, over: sample[$0]).output }
    }

    /// The fault of samples, whose channels are last, into which the window does not fit.
    func fault(over sample: Shape) -> String? {
        let dilation = dilation.map { " (dilation \($0))" } ?? ""
        return outputSizes(over: sample).allSatisfy { $0 > 0 }
            ? nil : "a window of \(size)\(dilation) does not fit into samples of shape \(sample)"
    }
}

extension SlidingWindow<Size2D> {
    /// The windows along both axes of images.
    func axes(over image: Size2D) -> (vertical: WindowGeometry.Axis, horizontal: WindowGeometry.Axis) {
        (axis(0, over: image.height), axis(1, over: image.width))
    }
}

extension Padding {
    /// The same along a sequence.
    var alongSequences: SequencePadding { self == .same ? .same : .valid }
}
