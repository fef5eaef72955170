import CitiusSIMD
import CitiusTestSupport
import Testing

@testable import CitiusKernels

extension GuardedMemory {
    /// Numbers to read, −1 to 1.
    func random(_ count: Int, seed: UInt64) -> UnsafeMutablePointer<Float> {
        elements(Self.numbers(count, seed: seed))
    }

    static func numbers(_ count: Int, seed: UInt64) -> [Float] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in Float.random(in: -1...1, using: &generator) }
    }

    /// Cells of windows, as a max-pool leaves them, some of them none.
    func argmax(_ count: Int, cells: Int, seed: UInt64) -> UnsafeMutablePointer<UInt8> {
        var generator = SplitMix64(seed: seed)
        return elements(
            (0..<count).map { _ in
                let cell = Int.random(in: 0...cells, using: &generator)
                return cell == cells ? UInt8(CITIUS_NO_ARGMAX) : UInt8(cell)
            })
    }
}

/// One after the other: a crash is named by what runs just then.
@Suite(.serialized) enum BoundsTests {}

extension BoundsTests {
    /// Every microkernel of every instruction set, with operands beside guard pages: what a set reads in whole vectors may not
    /// lie outside of what the kernel is given.
    @Suite struct Microkernels {
        static let names = InstructionSet.available.map(\.name)
        /// About the lengths of vectors and of two of them, of every set.
        static let widths = [1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 23, 31, 32, 33, 40, 64, 65]
        static let clamps = [Clamp.identity, .relu, .relu6]

        func set(named name: String) throws -> citius_kernels {
            try #require(InstructionSet.available.first { $0.name == name }).kernels
        }

        // MARK: Products

        @Test(arguments: names) func products(name: String) throws {
            let set = try set(named: name)
            let block = 2 * set.lanes
            for columns in Self.widths {
                for rows in [1, 5, 6, 7, 13] {
                    for (segments, length) in [(1, 1), (1, 7), (3, 3)] {
                        let depth = segments * length
                        let blocks = (columns + block - 1) / block
                        expectStaysInside("\(name), multiply_rows \(rows)×\(columns), \(segments)×\(length)")
                        {
                            memory in
                            var job = citius_product()
                            job.x = UnsafePointer(memory.random(rows * length + (segments - 1) * 10, seed: 1))
                            job.rows = UnsafePointer(memory.elements((0..<rows).map { $0 * length }))
                            job.row_count = rows
                            job.segments = UnsafePointer(memory.elements((0..<segments).map { $0 * 10 }))
                            (job.segment_count, job.segment_length) = (segments, length)
                            job.weights = UnsafePointer(memory.random(depth * blocks * block, seed: 2))
                            (job.weight_stride, job.block_stride) = (block, depth * block)
                            job.columns = columns
                            job.bias = UnsafePointer(memory.random(columns, seed: 3))
                            job.clamp = Clamp.relu6.forMicrokernels
                            job.y = memory.results(rows * columns)
                            job.y_stride = columns
                            set.multiply_rows(&job)
                            // A matrix in place, whose last block ends with the last column; added to what is there.
                            job.weights = UnsafePointer(memory.random(depth * columns, seed: 4))
                            (job.weight_stride, job.block_stride) = (columns, block)
                            job.bias = nil
                            job.accumulates = 1
                            job.y = memory.sums(GuardedMemory.numbers(rows * columns, seed: 5))
                            set.multiply_rows(&job)
                        }
                    }
                }
            }
        }

        @Test(arguments: names) func pooledProducts(name: String) throws {
            let set = try set(named: name)
            let block = 2 * set.lanes
            for columns in Self.widths {
                for windows in 1...3 {
                    for clamp in Self.clamps {
                        expectStaysInside("\(name), pooled_product \(windows) windows, \(columns) columns") {
                            memory in
                            let (channels, rowPixels) = (2, 2 * windows + 2)
                            var job = citius_pooled_product()
                            job.x = UnsafePointer(memory.random(4 * rowPixels * channels, seed: 1))
                            let down = rowPixels * channels
                            job.cells = (0, channels, down, down + channels)
                            (job.window_stride, job.window_count) = (2 * channels, windows)
                            job.segments = UnsafePointer(memory.elements([0, down, 2 * down]))
                            (job.segment_count, job.segment_length) = (3, 3 * channels)
                            job.block_stride = 9 * channels * block
                            let blocks = (columns + block - 1) / block
                            job.weights = UnsafePointer(memory.random(blocks * job.block_stride, seed: 2))
                            job.columns = columns
                            job.bias = UnsafePointer(memory.random(columns, seed: 3))
                            job.clamp = clamp.forMicrokernels
                            job.y = memory.results(windows * columns)
                            job.argmax = memory.results(windows * columns)
                            set.pooled_product(&job)
                        }
                    }
                }
            }
        }

        @Test(arguments: names) func kernelGradients(name: String) throws {
            let set = try set(named: name)
            for outputs in Self.widths {
                for length in [1, 3, 6, 13, 25] {
                    expectStaysInside("\(name), add_kernel_gradient \(length)×\(outputs)") { memory in
                        let (rows, columns, rowStride) = (2, 3, 2 * length + 6)
                        var job = citius_kernel_gradient()
                        job.x = UnsafePointer(
                            memory.random((rows - 1) * rowStride + 2 * 2 + 5 + length, seed: 1))
                        (job.x_row_stride, job.x_pixel_stride) = (rowStride, 2)
                        job.dy = UnsafePointer(memory.random(rows * columns * outputs, seed: 2))
                        (job.dy_row_stride, job.dy_pixel_stride) = (columns * outputs, outputs)
                        (job.rows, job.columns, job.outputs) = (rows, columns, outputs)
                        job.segments = UnsafePointer(memory.elements([0, 5]))
                        (job.segment_count, job.segment_length) = (2, length)
                        job.sums = memory.sums(GuardedMemory.numbers(2 * length * outputs, seed: 3))
                        job.sums_stride = outputs
                        set.add_kernel_gradient(&job)
                    }
                }
            }
        }

        @Test(arguments: names) func argmaxGradients(name: String) throws {
            let set = try set(named: name)
            guard let add = set.add_argmax_gradient else { return }
            for outputs in Self.widths {
                for (kernel, pool) in [
                    ((3, 3), (2, 2)), ((1, 1), (2, 2)), ((5, 5), (3, 3)), ((2, 7), (2, 2)), ((7, 1), (3, 2)),
                ] where kernel.1 + pool.1 - 1 <= set.lanes {
                    expectStaysInside("\(name), add_argmax_gradient \(kernel), \(pool), \(outputs) outputs") {
                        memory in
                        let (rows, columns) = (2, 3)
                        let height = rows * pool.0 + kernel.0 - 1
                        let width = columns * pool.1 + kernel.1 - 1
                        var job = citius_argmax_gradient()
                        job.x = UnsafePointer(memory.random(height * width, seed: 1))
                        job.x_row_stride = width
                        job.dy = UnsafePointer(memory.random(rows * columns * outputs, seed: 2))
                        job.argmax = UnsafePointer(
                            memory.argmax(rows * columns * outputs, cells: pool.0 * pool.1, seed: 3))
                        (job.rows, job.columns, job.outputs) = (rows, columns, outputs)
                        (job.row_step, job.column_step) = (pool.0, pool.1)
                        (job.pool_height, job.pool_width) = (pool.0, pool.1)
                        (job.kernel_height, job.kernel_width) = (kernel.0, kernel.1)
                        job.sums = memory.sums(GuardedMemory.numbers(kernel.0 * kernel.1 * outputs, seed: 4))
                        job.sums_stride = outputs
                        job.bias_sums = memory.sums(GuardedMemory.numbers(outputs, seed: 5))
                        add(&job)
                    }
                }
            }
        }

        @Test(arguments: names) func depthwise(name: String) throws {
            let set = try set(named: name)
            for channels in Self.widths {
                for (height, width) in [(3, 3), (1, 4), (5, 5), (1, 1)] {
                    expectStaysInside("\(name), depthwise \(height)×\(width), \(channels) channels") {
                        memory in
                        let columns = 4
                        let rowPixels = columns - 1 + width
                        var job = citius_depthwise()
                        job.x = UnsafePointer(memory.random(height * rowPixels * channels, seed: 1))
                        job.pixel_stride = channels
                        job.taps = UnsafePointer(
                            memory.elements(
                                (0..<height * width).map { ($0 / width * rowPixels + $0 % width) * channels })
                        )
                        (job.tap_count, job.columns, job.channels) = (height * width, columns, channels)
                        job.weights = UnsafePointer(memory.random(height * width * channels, seed: 2))
                        job.bias = UnsafePointer(memory.random(channels, seed: 3))
                        job.clamp = Clamp.relu.forMicrokernels
                        job.y = memory.results(columns * channels)
                        set.depthwise_row(&job)
                        job.y = memory.random(columns * channels, seed: 4)
                        job.sums = memory.sums(GuardedMemory.numbers(height * width * channels, seed: 5))
                        set.add_depthwise_gradient(&job)
                    }
                }
            }
        }

        @Test(arguments: names) func winograd(name: String) throws {
            let set = try set(named: name)
            let block = 2 * set.lanes
            for channels in Self.widths {
                for (tiles, clamp) in [(1, Clamp.relu), (3, .identity)] {
                    let outputs = channels
                    let padded = (outputs + block - 1) / block * block
                    expectStaysInside("\(name), winograd's kernel and input, \(channels) channels") {
                        memory in
                        // Blocks are of whole vectors, of which the last may be left out.
                        let u = memory.workspace(16 * 2 * padded, of: Float.self)
                        set.winograd_kernel(
                            memory.random(9 * 2 * outputs, seed: 1), 2, outputs, 0, 2, u, 2 * padded)
                        let width = (2 * tiles + 2) * channels
                        set.winograd_input(
                            memory.random(4 * width, seed: 2), width, channels, tiles,
                            memory.results(16 * tiles * channels), tiles * channels)
                    }
                    for (rows, lastColumns, pools) in [(2, 2, 1), (2, 2, 0), (1, 1, 0), (2, 1, 0), (1, 2, 0)]
                    {
                        expectStaysInside(
                            "\(name), winograd_output \(rows), \(lastColumns), \(outputs) outputs"
                        ) {
                            memory in
                            var job = citius_winograd_output()
                            job.m = UnsafePointer(memory.random(16 * tiles * outputs, seed: 1))
                            (job.frequency_stride, job.tiles, job.outputs) = (tiles * outputs, tiles, outputs)
                            job.bias = UnsafePointer(memory.random(outputs, seed: 2))
                            job.clamp = clamp.forMicrokernels
                            job.pools = Int32(pools)
                            (job.rows, job.last_columns) = (rows, lastColumns)
                            let columns = 2 * (tiles - 1) + lastColumns
                            job.y_row_stride = columns * outputs
                            job.y = memory.results((pools == 1 ? tiles : rows * columns) * outputs)
                            if pools == 1 { job.argmax = memory.results(tiles * outputs) }
                            set.winograd_output(&job)
                        }
                    }
                }
            }
        }

        // MARK: Sparse

        /// Live outputs behind a pool, behind a clamp, and by the gradient alone.
        @Test(arguments: names, 0..<3) func sparseGradients(name: String, kind: Int) throws {
            let set = try set(named: name)
            let lanes = set.lanes
            for outputs in Self.widths {
                for (windows, vectors, segmentCount) in [(1, 1, 1), (5, 2, 3), (lanes + 3, 5, 2)] {
                    let length = vectors * lanes
                    let cells = kind == 0 ? 4 : 1
                    expectStaysInside(
                        "\(name), sparse gradients of kind \(kind), \(windows)×\(outputs), \(segmentCount)×\(length)"
                    ) { memory in
                        // Two input elements from one cell to the next.
                        let positions = (0..<windows * cells).map { Int32(2 * $0) }
                        let segments = (0..<segmentCount).map { $0 * 3 }
                        let inputs = 2 * (windows * cells - 1) + 3 * (segmentCount - 1) + length
                        var live = citius_live_outputs()
                        live.dy = UnsafePointer(memory.random(windows * outputs, seed: 1))
                        if kind == 0 {
                            live.argmax = UnsafePointer(
                                memory.argmax(windows * outputs, cells: cells, seed: 2))
                        } else if kind == 1 {
                            live.y = UnsafePointer(memory.random(windows * outputs, seed: 3))
                        }
                        live.clamp = Clamp.relu.forMicrokernels
                        (live.windows, live.cells, live.outputs) = (windows, cells, outputs)
                        live.positions = UnsafePointer(memory.elements(positions))
                        live.channel_positions = memory.workspace(lanes * (windows + lanes))
                        live.channel_gradients = memory.workspace(lanes * (windows + lanes))
                        live.bias_sums = memory.sums(GuardedMemory.numbers(outputs, seed: 4))
                        live.pixel_starts = memory.results(windows * cells + 1)
                        live.live_channels = memory.workspace(windows * outputs + lanes)
                        live.live_gradients = memory.workspace(windows * outputs + lanes)
                        set.add_sparse_kernel_gradient(
                            &live, memory.random(inputs, seed: 5), memory.elements(segments), segmentCount,
                            length,
                            memory.sums(GuardedMemory.numbers(outputs * segmentCount * length, seed: 6)), nil,
                            0)
                        set.list_live(&live)
                        for length in [length, length - 1, length - lanes + 1] {
                            let inputs = 2 * (windows * cells - 1) + 3 * (segmentCount - 1) + length
                            let padded = (length + lanes - 1) / lanes * lanes
                            set.add_sparse_input_gradient(
                                &live, memory.random(segmentCount * outputs * padded, seed: 7),
                                memory.elements(segments), segmentCount, length,
                                memory.sums(GuardedMemory.numbers(inputs, seed: 8)), nil, 0)
                        }
                    }
                }
            }
        }

        @Test(arguments: names) func sparseProducts(name: String) throws {
            let set = try set(named: name)
            for columns in Self.widths + [12 * 16 + 1] {
                for (rows, depth) in [(1, 1), (7, 17), (33, 65), (130, 70)] {
                    expectStaysInside("\(name), sparse product \(rows)×\(columns)×\(depth)") { memory in
                        func withZeros(_ count: Int) -> UnsafeMutablePointer<Float> {
                            memory.elements(
                                GuardedMemory.numbers(count, seed: 1).map { abs($0) < 0.6 ? 0 : $0 })
                        }
                        var job = citius_sparse_product()
                        (job.rows, job.depth, job.columns) = (rows, depth, columns)
                        job.a = UnsafePointer(withZeros(rows * depth))
                        job.a_stride = depth
                        for transposes in [0, 1] {
                            job.b = UnsafePointer(memory.random(depth * columns, seed: 2))
                            job.b_stride = transposes == 1 ? depth : columns
                            job.transposes_b = Int32(transposes)
                            job.c = memory.results(rows * columns)
                            job.c_stride = columns
                            set.multiply_sparse(&job)
                        }
                        job.a_stride = rows
                        job.b_stride = columns
                        job.c = memory.results(columns * rows)
                        job.c_stride = rows
                        set.multiply_by_sparse(&job)
                    }
                }
            }
        }

        // MARK: Pools and columns

        @Test(arguments: names) func pools(name: String) throws {
            let set = try set(named: name)
            for channels in Self.widths {
                for clamp in Self.clamps {
                    expectStaysInside("\(name), pools, \(channels) channels") { memory in
                        let windows = 3
                        let count = (windows + 1) * 2 * channels
                        let cells = UnsafePointer(
                            memory.elements([
                                0, channels, 2 * windows * channels, (2 * windows + 1) * channels,
                            ]))
                        let numbers = UnsafePointer(memory.elements([0, 1, 2, 3] as [UInt8]))
                        var pool = citius_max_pool()
                        pool.x = UnsafePointer(memory.random(count + (2 * windows - 2) * channels, seed: 1))
                        (pool.window_stride, pool.window_count) = (2 * channels, windows)
                        (pool.cells, pool.numbers, pool.cell_count) = (cells, numbers, 4)
                        pool.channels = channels
                        pool.clamp = clamp.forMicrokernels
                        pool.y = memory.results(windows * channels)
                        pool.argmax = memory.results(windows * channels)
                        set.max_pool(&pool)
                        for adds in [0, 1] {
                            var scatter = citius_scatter()
                            scatter.dy = UnsafePointer(memory.random(windows * channels, seed: 2))
                            scatter.argmax = UnsafePointer(
                                memory.argmax(windows * channels, cells: 4, seed: 3))
                            (scatter.window_stride, scatter.window_count) = (2 * channels, windows)
                            (scatter.cells, scatter.numbers, scatter.cell_count) = (cells, numbers, 4)
                            scatter.channels = channels
                            scatter.adds = Int32(adds)
                            scatter.dz = memory.sums(GuardedMemory.numbers(4 * windows * channels, seed: 4))
                            set.scatter_by_argmax(&scatter)
                        }
                    }
                }
            }
        }

        @Test(arguments: names) func columns(name: String) throws {
            let set = try set(named: name)
            for width in Self.widths {
                for rows in [1, 4, 67] {
                    for clamp in Self.clamps {
                        let bounds = clamp.forMicrokernels
                        expectStaysInside("\(name), normalization and bias \(rows)×\(width)") { memory in
                            let count = rows * width
                            let (x, dy) = (memory.random(count, seed: 1), memory.random(count, seed: 2))
                            set.moments(x, rows, width, memory.results(width), memory.results(width))
                            let n = citius_normalization(
                                center: memory.random(width, seed: 3), factor: memory.random(width, seed: 4),
                                shift: memory.random(width, seed: 5))
                            set.normalize(x, n, rows, width, bounds, memory.results(count))
                            set.normalization_sums(
                                x, dy, n, rows, width, bounds,
                                memory.sums(GuardedMemory.numbers(width, seed: 6)),
                                memory.sums(GuardedMemory.numbers(width, seed: 7)))
                            set.normalization_gradient(
                                x, dy, n, memory.random(width, seed: 8), memory.random(width, seed: 9), rows,
                                width,
                                bounds, memory.results(count))
                            set.add_bias(
                                memory.sums(GuardedMemory.numbers(count, seed: 10)),
                                memory.random(width, seed: 11),
                                rows, width, bounds)
                            set.add_rows(x, rows, width, memory.sums(GuardedMemory.numbers(width, seed: 12)))
                            set.clamp_gradient(x, dy, bounds, count, memory.results(count))
                        }
                    }
                }
            }
        }
    }
}
