import CitiusKernels
import CitiusTensor

/// What an operation computes in its own pass after its main result: a clamp, then a max-pool. Values that the pool drops
/// are never stored, and their gradients, which are zero, never multiplied.
///
/// Modelled on oneDNN's post-operations, and on XNNPACK's minimum and maximum, which make relu, relu6 and the identity
/// one case.
package struct Epilogue: Sendable, Hashable {
    package var clamp: Clamp
    package var pool: PoolWindow?
    /// The size of the upper left part of the result that is read; nil if all of it is. Pixels outside of it may be left
    /// out, so the result may be smaller than the whole one, but not smaller than this.
    package var extent: Size2D?

    package init(clamp: Clamp = .identity, pool: PoolWindow? = nil, extent: Size2D? = nil) {
        self.clamp = clamp
        self.pool = pool
        self.extent = extent
    }

    /// The size of the whole result if the operation's images, before the epilogue, have this size.
    package func resultSize(of size: Size2D) -> Size2D {
        guard let pool else { return size }
        let axes = pool.axes(over: size)
        return Size2D(axes.vertical.output, axes.horizontal.output)
    }

    /// The size of the upper left part of the operation's images that the epilogue reads. If the pool pads, it reads them
    /// whole: smaller images would be padded in other places.
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
    /// Applies the epilogue's pool; its clamp has been applied.
    func pooled(by epilogue: Epilogue) -> Variable {
        guard let pool = epilogue.pool else { return self }
        let window = pool.over(Size2D(shape[1], shape[2]))
        return maxPooled2D(size: window.size, strides: window.strides, padding: window.padding)
            .droppingAxes(of: pool)
    }

    /// A pool's result [batch, height, width, channels] without the axes that the pool drops.
    func droppingAxes(of pool: PoolWindow?) -> Variable {
        pool?.whole == .dropped ? reshaped(to: [shape[0], shape[3]]) : self
    }
}
