import CitiusKernels
import CitiusTestSupport
import Testing

@testable import CitiusAutograd
@testable import CitiusTensor

/// Windows of so many cells that a cell's number is no byte.
@Suite struct PoolingTests {
    /// Every cell in turn is the largest.
    @Test(
        arguments: [Size2D(15, 17), Size2D(16), Size2D(1, 257), Size2D(17, 18)], [DType.float32, .float64])
    func everyCellCanBeTheLargest(size: Size2D, dtype: DType) {
        let count = size.height * size.width
        // An image a cell.
        let x = Tensor(identity: count, dtype: dtype).reshaped(to: [count, size.height, size.width, 1])
        let tape = Tape()
        let input = tape.watch(x)
        let y = input.maxPooled2D(size: size)
        #expect(y.value == Tensor(ones: [count, 1, 1, 1], dtype: dtype))
        #expect(tape.gradients(of: y.sum())[input] == x)
    }

    /// A convolution of 1×1 that changes nothing, with the pool in its pass where a byte is enough.
    @Test(arguments: [Size2D(2, 127), Size2D(15, 17), Size2D(16), Size2D(17, 18)])
    func everyCellCanBeTheLargestBehindAConvolution(size: Size2D) {
        let count = size.height * size.width
        let x = Tensor(identity: count).reshaped(to: [count, size.height, size.width, 1])
        let tape = Tape()
        let input = tape.watch(x)
        let y = input.conv2D(
            Variable(Tensor(ones: [1, 1, 1, 1])), epilogue: Epilogue(clamp: .relu, pool: PoolWindow(size)))
        #expect(y.value == Tensor(ones: [count, 1, 1, 1]))
        #expect(tape.gradients(of: y.sum())[input] == x)
    }
}
