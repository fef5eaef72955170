import CitiusSIMD
import CitiusTestSupport
import Testing

@testable import CitiusKernels

extension BoundsTests {
    /// The kernels over the microkernels, with operands beside guard pages, by the chosen instruction set.
    @Suite struct Kernels {
        private func axis(
            _ input: Int, _ window: Int, stride: Int = 1, dilation: Int = 1, pads: Bool = false
        ) -> WindowGeometry.Axis {
            .init(input: input, window: window, stride: stride, dilation: dilation, pads: pads)
        }

        private struct BlockCase {
            var size = (height: 9, width: 10)
            var channels = 3
            var outputs = 5
            var window = (3, 3)
            var stride = 1
            var pads = false
            var clamp = Clamp.relu
            var pool: (window: Int, stride: Int, pads: Bool)? = (2, 2, false)
            var wantsInput = true
        }

        private static let blockCases: [BlockCase] = {
            var cases: [BlockCase] = []
            for channels in [1, 3, 8, 16, 17] {
                for outputs in [1, 5, 16, 33] {
                    for pads in [false, true] {
                        // Even and odd numbers of outputs, in place and framed: Winograd rounds an odd one up.
                        for size in [(9, 9), (10, 9), (9, 12)] {
                            cases.append(
                                BlockCase(
                                    size: size, channels: channels, outputs: outputs, pads: pads, pool: nil))
                            cases.append(
                                BlockCase(size: size, channels: channels, outputs: outputs, pads: pads))
                        }
                    }
                }
            }
            for pool in [(3, 2, false), (3, 2, true), (2, 3, false)] {
                cases.append(BlockCase(channels: 16, outputs: 17, window: (2, 4), pool: pool))
                cases.append(BlockCase(channels: 5, outputs: 24, stride: 2, pads: true, pool: pool))
            }
            for window in [(1, 1), (5, 5), (2, 7), (7, 1)] {
                for wantsInput in [true, false] {
                    cases.append(BlockCase(channels: 1, outputs: 21, window: window, wantsInput: wantsInput))
                    cases.append(
                        BlockCase(
                            channels: 16, outputs: 7, window: window, stride: 2, clamp: .relu6, pool: nil,
                            wantsInput: wantsInput))
                }
            }
            cases.append(BlockCase(size: (28, 28), channels: 1, outputs: 32, wantsInput: false))
            cases.append(BlockCase(size: (13, 13), channels: 32, outputs: 64))
            return cases
        }()

        @Test(arguments: [true, false]) func convolutionBlocks(allowsWinograd: Bool) {
            let batch = 2
            for test in Self.blockCases {
                let geometry = WindowGeometry(
                    batch: batch, channels: test.channels,
                    vertical: axis(test.size.height, test.window.0, stride: test.stride, pads: test.pads),
                    horizontal: axis(test.size.width, test.window.1, stride: test.stride, pads: test.pads))
                let pool = test.pool.map { pool in
                    WindowGeometry(
                        batch: batch, channels: test.outputs,
                        vertical: axis(
                            geometry.vertical.output, pool.window, stride: pool.stride, pads: pool.pads),
                        horizontal: axis(
                            geometry.horizontal.output, pool.window, stride: pool.stride, pads: pool.pads))
                }
                let block = ConvolutionBlock(
                    convolution: Convolution(geometry: geometry, outputChannels: test.outputs, groups: 1),
                    pool: pool, clamp: test.clamp, allowsWinograd: allowsWinograd)
                let kernelCount = geometry.cellCount * test.channels * test.outputs
                let resultCount = (pool ?? geometry).outputPixels * test.outputs
                expectStaysInside("\(test)") { memory in
                    let input = memory.random(batch * geometry.imageCount, seed: 1)
                    let kernel = memory.random(kernelCount, seed: 2)
                    let packed = memory.workspace(block.packedCount, of: Float.self)
                    let output = memory.results(resultCount, of: Float.self)
                    let argmax = pool == nil ? nil : memory.results(resultCount, of: UInt8.self)
                    block.pack(kernel, to: packed)
                    block.forward(
                        input: input, weights: packed, bias: memory.random(test.outputs, seed: 3),
                        output: output,
                        argmax: argmax)
                    block.gradients(
                        .init(
                            input: input, kernel: kernel, output: output, argmax: argmax,
                            outputGradient: memory.random(resultCount, seed: 4)),
                        to: .init(
                            input: test.wantsInput ? memory.results(batch * geometry.imageCount) : nil,
                            kernel: memory.results(kernelCount), bias: memory.results(test.outputs))
                    ) { count, body in body(memory.workspace(count)) }
                }
            }
        }

        @Test func depthwiseConvolutions() {
            for channels in [1, 3, 8, 16, 17, 33] {
                for (window, stride, dilation) in [(3, 1, 1), (3, 2, 1), (5, 1, 1), (2, 1, 3), (1, 2, 1)] {
                    for pads in [false, true] {
                        let geometry = WindowGeometry(
                            batch: 2, channels: channels,
                            vertical: axis(8, window, stride: stride, dilation: dilation, pads: pads),
                            horizontal: axis(9, window, stride: stride, dilation: dilation, pads: pads))
                        let depthwise = DepthwiseConvolution(geometry: geometry, clamp: .relu)
                        let outputs = geometry.outputPixels * channels
                        expectStaysInside("depthwise \(channels), \(window), \(stride), \(dilation), \(pads)")
                        {
                            memory in
                            let input = memory.random(2 * geometry.imageCount, seed: 1)
                            let kernel = memory.random(window * window * channels, seed: 2)
                            let dy = memory.random(outputs, seed: 3)
                            depthwise.forward(
                                input: input, kernel: kernel, bias: memory.random(channels, seed: 4),
                                output: memory.results(outputs))
                            depthwise.inputGradient(
                                kernel: kernel, outputGradient: dy,
                                inputGradient: memory.results(2 * geometry.imageCount),
                                workspace: memory.workspace(depthwise.inputGradientWorkspaceCount))
                            depthwise.kernelGradient(
                                input: input, outputGradient: dy,
                                kernelGradient: memory.results(window * window * channels),
                                workspace: memory.workspace(depthwise.kernelGradientWorkspaceCount))
                        }
                    }
                }
            }
        }

        @Test func pools() {
            for channels in [1, 3, 8, 17, 33] {
                for (window, stride) in [(2, 2), (3, 2), (2, 3), (17, 1)] {
                    for pads in [false, true] {
                        let geometry = WindowGeometry(
                            batch: 2, channels: channels,
                            vertical: axis(18, window, stride: stride, pads: pads),
                            horizontal: axis(19, window, stride: stride, pads: pads))
                        let (inputs, outputs) = (2 * geometry.imageCount, geometry.outputPixels * channels)
                        expectStaysInside("pools of \(window), \(stride), \(pads), \(channels) channels") {
                            memory in
                            let x = memory.random(inputs, seed: 1)
                            let dy = memory.random(outputs, seed: 2)
                            let numbers = memory.results(outputs, of: Int32.self)
                            geometry.maxPool(x, output: memory.results(outputs), argmax: numbers)
                            geometry.maxPoolGradient(
                                dy, argmax: numbers, inputGradient: memory.results(inputs))
                            if geometry.cellCount <= 256 {
                                let bytes = memory.results(outputs, of: UInt8.self)
                                geometry.maxPool(x, output: memory.results(outputs), argmax: bytes)
                                geometry.maxPoolGradient(
                                    dy, argmax: bytes, inputGradient: memory.results(inputs))
                            }
                            geometry.averagePool(x, output: memory.results(outputs))
                            geometry.averagePoolGradient(dy, inputGradient: memory.results(inputs))
                        }
                    }
                }
            }
        }

        @Test func normalizations() {
            for channels in [1, 3, 5, 16, 17, 300] {
                for rows in [1, 7, 130] {
                    let layout = ChannelRows(rows: rows, channels: channels)
                    let count = rows * channels
                    expectStaysInside("normalization \(rows)×\(channels)") { memory in
                        let (x, dy) = (memory.random(count, seed: 1), memory.random(count, seed: 2))
                        let moments = channelMoments(x, layout)
                        let normalization = Normalization<Float>(
                            layout, mean: moments.mean, variance: moments.variance, epsilon: 1e-3, scale: nil,
                            offset: nil)
                        normalization.apply(x, clamp: .relu6, to: memory.results(count))
                        let sums = normalization.gradientSums(x, dy: dy, clamp: .relu6)
                        normalization.inputGradient(
                            x, dy: dy, clamp: .relu6, through: sums, to: memory.results(count))
                    }
                }
            }
        }

        @Test(arguments: [false, true], [false, true]) func products(transposeA: Bool, transposeB: Bool) {
            for rows in [1, 5, 33, 300] {
                for columns in [1, 7, 16, 65] {
                    for depth in [1, 9, 70] {
                        for zeros in [0, 0.9] as [Float] {
                            expectStaysInside(
                                "\(rows)×\(columns)×\(depth), \(transposeA), \(transposeB), \(zeros)"
                            ) {
                                memory in
                                func matrix(_ count: Int, seed: UInt64) -> UnsafeMutablePointer<Float> {
                                    memory.elements(
                                        GuardedMemory.numbers(count, seed: seed).map {
                                            abs($0) < zeros ? 0 : $0
                                        })
                                }
                                matrixMultiply(
                                    transposeA: transposeA, transposeB: transposeB, rows: rows,
                                    columns: columns,
                                    depth: depth, matrix(rows * depth, seed: 1),
                                    leadingA: transposeA ? rows : depth, matrix(depth * columns, seed: 2),
                                    leadingB: transposeB ? depth : columns, memory.results(rows * columns),
                                    leadingC: columns)
                            }
                        }
                    }
                }
            }
        }

        @Test func rest() {
            for count in [1, 3, 17, 65, 130] {
                expectStaysInside("softmax, clamps, permutation, sums and dropout of \(count)") { memory in
                    let (x, y) = (memory.random(4 * count, seed: 1), memory.random(4 * count, seed: 2))
                    softmax(
                        x, outer: 2, reduced: count, inner: 2, isLogarithm: false,
                        to: memory.results(4 * count))
                    softmax(
                        x, outer: 4, reduced: count, inner: 1, isLogarithm: true,
                        to: memory.results(4 * count))
                    clampGradient(.relu, y: x, dy: y, to: memory.results(4 * count), count: 4 * count)
                    add(x, y, clamp: .relu6, to: memory.results(4 * count), count: 4 * count)
                    reduce(.sum, x, outer: 1, reduced: 4, inner: count, to: memory.results(count))
                    reduce(.sum, x, outer: 4, reduced: count, inner: 1, to: memory.results(4))
                    addBias(
                        memory.random(count, seed: 3), clamp: .relu,
                        to: memory.sums(GuardedMemory.numbers(4 * count, seed: 4)), rows: 4, columns: count)
                    permute(x, sizes: [2, count, 2], axes: [2, 1, 0], to: memory.results(4 * count))
                    let keep = memory.results(4 * count, of: UInt8.self)
                    DropoutMask(Philox(key: 3), firstBlock: 0, keeping: 0.5).drop(
                        x, scale: 2, count: 4 * count, keep: keep, to: memory.results(4 * count))
                    applyMask(keep, to: y, scale: 2, count: 4 * count, into: memory.results(4 * count))
                }
            }
        }
    }
}
