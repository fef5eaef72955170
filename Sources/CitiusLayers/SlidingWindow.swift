import CitiusKernels
import CitiusTensor

/// A window that slides over images: where it can be, and what it then covers.
struct SlidingWindow {
    var size: Size2D
    var strides: Size2D
    var padding: Padding
    var dilation: Size2D = 1

    /// Along both axes of images of a size.
    func axes(over image: Size2D) -> (vertical: WindowGeometry.Axis, horizontal: WindowGeometry.Axis) {
        let pads = padding == .same
        return (
            .init(
                input: image.height, window: size.height, stride: strides.height, dilation: dilation.height,
                pads: pads),
            .init(
                input: image.width, window: size.width, stride: strides.width, dilation: dilation.width,
                pads: pads)
        )
    }

    /// How often the window fits into images [height, width, channels].
    func outputSize(over image: Shape) -> Size2D {
        let axes = axes(over: Size2D(image[0], image[1]))
        return Size2D(axes.vertical.output, axes.horizontal.output)
    }

    /// The fault of images [height, width, channels] into which the window does not fit.
    func fault(over image: Shape) -> String? {
        let output = outputSize(over: image)
        return output.height > 0 && output.width > 0
            ? nil
            : "a window of \(size) (dilation \(dilation)) does not fit into images of \(image[0])×\(image[1])"
    }
}

extension Padding {
    /// The same along a sequence.
    var alongSequences: SequencePadding { self == .same ? .same : .valid }
}

extension WindowGeometry.Axis {
    /// The fault of sequences into which the window does not fit.
    var fault: String? {
        output > 0
            ? nil : "a window of \(window) (dilation \(dilation)) does not fit into sequences of \(input)"
    }
}
