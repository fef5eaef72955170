import CitiusTestSupport
import Testing

@testable import CitiusAutograd
@testable import CitiusTensor

/// The kernels of sequences, volumes and images give the same bits on any number of threads.
@Suite struct SpatialThreadCountTests {
    private func check(_ shape: Shape, _ body: @escaping (Variable) -> Variable) throws {
        try expectSameBitsOnAnyThreads {
            let tape = Tape()
            let x = tape.watch(randomTensor(shape, dtype: .float32, seed: 1))
            let y = body(x)
            let gradients = tape.gradients(
                of: y, cotangent: randomTensor(y.shape, dtype: .float32, seed: 2))
            return [y.value, gradients[x]]
        }
    }

    @Test func transposedConvolutions() throws {
        for strides in [1, 2] {
            let kernel = Variable(randomTensor([3, 3, 24, 16], dtype: .float32, seed: 3))
            try check([13, 14, 15, 16]) {
                $0.conv2DTransposed(kernel, strides: Size2D(strides), padding: .same)
            }
        }
    }

    @Test func volumes() throws {
        let kernel = Variable(randomTensor([3, 3, 3, 4, 8], dtype: .float32, seed: 3))
        try check([5, 9, 10, 11, 4]) { $0.conv3D(kernel, padding: .same) }
        try check([5, 9, 10, 11, 4]) { $0.maxPooled3D(size: 2) }
        try check([3, 8, 9, 10, 8]) { $0.conv3DTransposed(kernel, strides: 2) }
    }

    @Test func sequencesAndTheirPools() throws {
        let kernel = Variable(randomTensor([5, 64, 32], dtype: .float32, seed: 3))
        for steps in [100, 700] {
            try check([16, steps, 64]) {
                $0.conv1D(
                    kernel, padding: .causal,
                    epilogue: Epilogue(clamp: .relu, pool: PoolWindow(whole: .dropped)))
            }
        }
    }

    @Test func pictures() throws {
        try check([9, 40, 41, 3]) { $0.resized(to: Size2D(61, 27), interpolation: .bicubic, antialias: true) }
        try check([9, 40, 41, 3]) { $0.extractedPatches(size: 5, strides: 2, padding: .same) }
        let transforms = Tensor([0.9, 0.2, 1, -0.3, 1.1, 2, 0, 0] as [Double])
        for fill in [FillMode.reflect, .constant] {
            try check([9, 40, 41, 3]) { $0.transformed(by: transforms, fill: fill, fillValue: 0.5) }
        }
    }

    /// A pool over all steps takes the first of equals, however many steps there are.
    @Test(arguments: [3, 254, 255, 300, 1_000])
    func theFirstOfEqualStepsWins(steps: Int) {
        let tape = Tape()
        let x = tape.watch(Tensor(ones: [2, steps, 1]))
        let y = x.conv1D(
            Variable(Tensor(ones: [1, 1, 1])), epilogue: Epilogue(pool: PoolWindow(whole: .kept)))
        #expect(y.shape == [2, 1, 1] && y.value == Tensor(ones: [2, 1, 1]))
        let gradient = tape.gradients(of: y.sum())[x]
        #expect(gradient.sum(axes: [1, 2]) == Tensor(ones: [2]))
        #expect(gradient.sliced(0..<1, axis: 1) == Tensor(ones: [2, 1, 1]))
    }
}
