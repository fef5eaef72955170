import CitiusPlatform
import CitiusSIMD

/// Convolution, bias, clamp and max-pool of float images in one go, and their gradients: the fast path beside
/// `Convolution`.
///
/// - Only the pooled values and a byte for each, that of its argmax, are written: pool(relu(x + b)) =
///   relu(max(x) + b), and so for any clamp. Outputs that no window of the pool reads are never computed.
/// - Behind a pool the gradient lives in one cell of a window at most. Both gradients are sums over these
///   cells alone: the dense sums without their zeros (`ConvolutionBlock+Gradients.swift`).
///
/// Images are [batch, height, width, channels], kernels [height, width, channels, output channels].
package struct ConvolutionBlock: Sendable {
    package let convolution: Convolution
    package let pool: WindowGeometry?
    package let clamp: Clamp
    let forwardPass: ConvolutionPass
    /// Whether the gradients may run over the live outputs alone.
    let skipsZeros: Bool

    /// Whether the block computes this convolution; the general path serves the others.
    ///
    /// An argmax is a byte, of which one value says that there is none.
    package static func supports(_ convolution: Convolution, pool: WindowGeometry?) -> Bool {
        convolution.groups == 1 && (pool?.cellCount ?? 0) <= cellLimit
    }

    /// Cells that a pool's window may have.
    package static let cellLimit = Int(CITIUS_NO_ARGMAX) - 1

    /// - Parameters:
    ///   - pool: windows over the convolution's output.
    ///   - allowsWinograd: whether products may be rearranged, which rounds them otherwise.
    ///   - skipsZeros: whether gradients may run over the live outputs alone, where that is faster.
    package init(
        convolution: Convolution, pool: WindowGeometry?, clamp: Clamp, allowsWinograd: Bool = true,
        skipsZeros: Bool = true
    ) {
        require(
            Self.supports(convolution, pool: pool),
            "ConvolutionBlock: \(convolution.groups) groups of channels, expected 1")
        self.convolution = convolution
        self.pool = pool
        self.clamp = clamp
        self.skipsZeros = skipsZeros
        let geometry = convolution.geometry
        let vertical = ConvolutionPass.Axis(geometry.vertical, pool: pool?.vertical)
        let horizontal = ConvolutionPass.Axis(geometry.horizontal, pool: pool?.horizontal)
        let usesWinograd =
            allowsWinograd
            && Self.winogradPays(
                vertical, horizontal, channels: geometry.channels, outputs: convolution.outputChannels,
                pool: pool)
        forwardPass = ConvolutionPass(
            images: PaddedImages(
                vertical: .init(
                    pixels: geometry.vertical.input, before: geometry.vertical.paddingBefore,
                    length: vertical.reach(inTiles: usesWinograd)),
                horizontal: .init(
                    pixels: geometry.horizontal.input, before: geometry.horizontal.paddingBefore,
                    length: horizontal.reach(inTiles: usesWinograd)),
                channels: geometry.channels),
            vertical: vertical, horizontal: horizontal, outputChannels: convolution.outputChannels,
            pool: pool, usesWinograd: usesWinograd)
    }

    /// Winograd saves 5/9 of the multiplications and pays by transforms, whose cost does not depend on the other
    /// side's number of channels. Measured: from 8 channels on each side and 16 on one.
    static func winogradPays(
        _ vertical: ConvolutionPass.Axis, _ horizontal: ConvolutionPass.Axis, channels: Int, outputs: Int,
        pool: WindowGeometry?
    ) -> Bool {
        ConvolutionPass.winogradFits(vertical, horizontal, pool: pool) && min(channels, outputs) >= 8
            && max(channels, outputs) >= 16
    }

    /// Elements of the result.
    var batch: Int { convolution.geometry.batch }

    // MARK: For profiles

    var shapes: String {
        let (input, output) = (convolution.geometry, pool ?? convolution.geometry)
        return "\(input.vertical.input)×\(input.horizontal.input)×\(input.channels) → "
            + "\(output.vertical.output)×\(output.horizontal.output)×\(convolution.outputChannels)"
    }

    /// Multiplications and additions of the whole convolution.
    var operations: Int {
        2 * convolution.geometry.outputRows * convolution.geometry.horizontal.output * convolution.kernelCount
    }

    /// Elements of input, kernel and result.
    var elementCount: Int {
        convolution.geometry.batch * (convolution.geometry.imageCount + forwardPass.resultCount)
            + convolution.kernelCount
    }

    // MARK: Forward

    /// Work is cut into rows through the batch; a single image is cut as well.
    private var forwardChunks: Int {
        let rows = batch * forwardPass.resultRows
        return ThreadPool.chunkCount(
            of: operations / 2, grain: ProductCut.grain,
            limit: max(1, min(rows, 64, max(2, rows / forwardPass.groupRows))))
    }

    /// How `pack` lays out a kernel of a given shape.
    package var layout: KernelLayout { forwardPass.usesWinograd ? .winograd : .direct }

    /// Elements of the packed kernel.
    package var packedCount: Int { forwardPass.weightCount }

    /// Lays out the kernel as `forward` reads it.
    package func pack(_ kernel: UnsafePointer<Float>, to weights: UnsafeMutablePointer<Float>) {
        let span = Span(
            "convolution's weights \(shapes)", elements: convolution.kernelCount + packedCount)
        defer { span.end() }
        forwardPass.pack(kernel, to: weights)
    }

    /// output ← pool(clamp(input ∗ kernel + bias)); argmax ← which cell of each window it came from.
    ///
    /// - Parameter weights: the kernel, packed.
    package func forward(
        input: UnsafePointer<Float>, weights: UnsafePointer<Float>, bias: UnsafePointer<Float>?,
        output: UnsafeMutablePointer<Float>, argmax: UnsafeMutablePointer<UInt8>?
    ) {
        let span = Span("convolution \(shapes)", operations: operations, elements: elementCount)
        defer { span.end() }
        let pass = forwardPass
        let images = pass.images
        let operands = ConvolutionPass.Operands(
            weights: weights, bias: bias, clamp: clamp, result: output, argmax: argmax)
        let frameCount = wholeVectors(images.scratchCount)
        ThreadPool.shared.forChunks(
            forwardChunks, of: batch * pass.resultRows, scratchCount: frameCount + pass.scratchCount
        ) { (_, rows, frame: UnsafeMutablePointer<Float>) in
            frame.update(repeating: 0, count: images.scratchCount)
            pass.run(rows: rows, operands, scratch: frame + frameCount) { number in
                let image = input + number * images.imageCount
                if images.areInPlace { return image }
                images.copy(image, to: frame)
                return UnsafePointer(frame)
            }
        }
    }
}

/// The order of a packed kernel's elements; it depends on the kernel's shape, and on nothing else of a block.
package enum KernelLayout: Sendable {
    case direct, winograd
    /// Of signed bytes, for products of codes.
    case bytes
}

extension ConvolutionPass.Axis {
    /// The outputs that a pool reads, or all.
    init(_ axis: WindowGeometry.Axis, pool: WindowGeometry.Axis?) {
        let live = pool.map { min(axis.output, $0.source($0.output - 1, $0.window)) }
        self.init(
            window: axis.window, dilation: axis.dilation, stride: axis.stride, outputs: live ?? axis.output)
    }

    /// Input pixels that the outputs' windows span, counted from the first window's begin; an odd number of
    /// outputs is rounded up if tiles compute them in pairs.
    func reach(inTiles: Bool) -> Int {
        let outputs = inTiles ? (outputs + 1) / 2 * 2 : outputs
        return (outputs - 1) * stride + (window - 1) * dilation + 1
    }
}

/// A number of floats, rounded up so that what follows them begins with a cache line.
func wholeVectors(_ count: Int) -> Int { (count + 15) / 16 * 16 }
