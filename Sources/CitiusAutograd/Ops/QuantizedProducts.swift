import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// The operands of a product in whole numbers beside its input: signed bytes, and what they and the results stand for.
///
/// Inputs are codes, a uint8 tensor of 0 to 127, or numbers, which become codes of the same range first. There is no
/// gradient: the rounding's is 0 almost everywhere.
package struct QuantizedOperands {
    /// int8; the last axis is the columns'.
    package let kernel: Parameter
    /// float32, a number for each column.
    package let scales: Tensor
    package let bias: Tensor?
    package let arithmetic: CodeArithmetic

    package init(kernel: Parameter, scales: Tensor, bias: Tensor?, arithmetic: CodeArithmetic) {
        self.kernel = kernel
        self.scales = scales
        self.bias = bias
        self.arithmetic = arithmetic
    }

    /// y = clamp(x · kernel · scales + bias), along the last axis: [batch, …, inputs] → [batch, …, columns].
    package func dense(_ x: Tensor) -> Tensor {
        let (inputs, columns) = (kernel.shape[0], kernel.shape[1])
        require(
            x.rank >= 1 && x.shape[-1] == inputs,
            "dense: input \(x.shape) does not end in the \(inputs) inputs of kernel \(kernel.shape)")
        let product = CodeProduct(
            rows: x.shape.sizes.dropLast().reduce(1, *), depth: inputs, columns: columns,
            arithmetic: arithmetic)
        return result(
            of: x, shape: Shape(x.shape.sizes.dropLast() + [columns]),
            packedByteCount: product.packedByteCount,
            pack: { product.pack($0, to: $1) }
        ) { input, packed, scales, bias, output in
            product.run(input: input, packed: packed, scales: scales, bias: bias, output: output)
        }
    }

    /// y = pool(clamp(x ∗ kernel · scales + bias)): [batch, height, width, channels] → [batch, …, columns].
    package func conv2D(_ x: Tensor, geometry: WindowGeometry, pool: WindowGeometry?) -> Tensor {
        let convolution = CodeConvolution(
            geometry: geometry, outputChannels: kernel.shape[3], pool: pool, arithmetic: arithmetic)
        let result = pool ?? geometry
        return self.result(
            of: x,
            shape: [geometry.batch, result.vertical.output, result.horizontal.output, kernel.shape[3]],
            packedByteCount: convolution.packedByteCount, pack: { convolution.pack($0, to: $1) }
        ) { input, packed, scales, bias, output in
            convolution.run(input: input, packed: packed, scales: scales, bias: bias, output: output)
        }
    }

    private func result(
        of x: Tensor, shape: Shape, packedByteCount: Int,
        pack: (UnsafePointer<Int8>, UnsafeMutableRawPointer) -> Void,
        _ run: (CodeInput, UnsafeRawPointer, UnsafePointer<Float>, UnsafePointer<Float>?, CodeOutput) -> Void
    ) -> Tensor {
        let packed = kernel.packed(in: .bytes) {
            let storage = Storage(byteCount: packedByteCount)
            kernel.value.withElements { pack($0, storage.pointer) }
            return storage
        }
        let x = x.dtype == .uint8 || x.dtype == .float32 ? x : x.cast(to: .float32)
        func compute(_ input: CodeInput, to output: CodeOutput) {
            scales.withElements { (scales: UnsafePointer<Float>) in
                withOptionalElements(bias) { bias in run(input, packed.pointer, scales, bias, output) }
            }
        }
        func compute(to output: CodeOutput) {
            if x.dtype == .uint8 {
                x.withElements { compute(.codes($0), to: output) }
            } else {
                x.withElements { compute(.numbers($0), to: output) }
            }
        }
        return withExtendedLifetime(packed) {
            arithmetic.output == nil
                ? Tensor(shape: shape) { (out: UnsafeMutablePointer<Float>) in compute(to: .numbers(out)) }
                : Tensor(shape: shape) { (out: UnsafeMutablePointer<UInt8>) in compute(to: .codes(out)) }
        }
    }
}
