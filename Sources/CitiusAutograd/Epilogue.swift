import CitiusKernels
import CitiusTensor

/// What follows an operation and is computed in its own pass: a clamp, then a pool. What a pool throws away is neither
/// stored nor, in the gradient, multiplied by.
///
/// oneDNN's post-operations are the precedent, and XNNPACK's minimum and maximum, which make relu, relu6 and the
/// identity one case.
package struct Epilogue: Sendable, Hashable {
    package var clamp: Clamp
    package var pool: PoolWindow?
    /// The pixels of the result, from the first on, that its only reader needs; nil for all. What nobody reads need not
    /// be computed, so that the result may be smaller, though not than this.
    package var extent: Size2D?

    package init(clamp: Clamp = .identity, pool: PoolWindow? = nil, extent: Size2D? = nil) {
        self.clamp = clamp
        self.pool = pool
        self.extent = extent
    }

    /// The size of the whole result where the operation alone gives images of `size`.
    package func resultSize(of size: Size2D) -> Size2D {
        guard let pool else { return size }
        let axes = pool.axes(over: size)
        return Size2D(axes.vertical.output, axes.horizontal.output)
    }

    /// The pixels, from the first on, that are read of images of `size` which the operation alone gives. Of images that
    /// the pool pads, all: smaller ones would be padded elsewhere.
    package func pixelsRead(of size: Size2D) -> Size2D {
        guard let pool else { return extent ?? size }
        let axes = pool.axes(over: size)
        let whole = Size2D(axes.vertical.output, axes.horizontal.output)
        guard pool.whole == nil, pool.padding == .valid, whole.height > 0, whole.width > 0 else {
            return size
        }
        let read = extent ?? whole
        return Size2D(axes.vertical.reach(of: read.height), axes.horizontal.reach(of: read.width))
    }
}

extension PoolWindow {
    fileprivate func axes(
        over image: Size2D
    ) -> (vertical: WindowGeometry.Axis, horizontal: WindowGeometry.Axis) {
        let (size, strides) = (over(image).size, over(image).strides)
        func axis(_ input: Int, _ window: Int, _ stride: Int) -> WindowGeometry.Axis {
            .init(input: input, window: window, stride: stride, dilation: 1, pads: padding == .same)
        }
        return (
            axis(image.height, size.height, strides.height), axis(image.width, size.width, strides.width)
        )
    }
}

extension Variable {
    /// The rest of an epilogue whose clamp has been applied.
    func pooled(by epilogue: Epilogue) -> Variable {
        guard let pool = epilogue.pool else { return self }
        let window = pool.over(Size2D(shape[1], shape[2]))
        return maxPooled2D(size: window.size, strides: window.strides, padding: window.padding)
            .droppingAxes(of: pool)
    }

    /// A pool's result [batch, height, width, channels], without the axes that it drops.
    func droppingAxes(of pool: PoolWindow?) -> Variable {
        pool?.whole == .dropped ? reshaped(to: [shape[0], shape[3]]) : self
    }
}
