import CitiusSIMD
import CitiusTestSupport
import Testing

@testable import CitiusKernels

/// Products of codes against their definition, bit by bit, by every instruction set of the machine.
@Suite struct CodeProductTests {
    static let sets = CodeInstructionSet.available
    static let ranges = [
        CodeRange(scale: 0.02, zeroPoint: 0), CodeRange(scale: 0.013, zeroPoint: 55),
        CodeRange(scale: 0.7, zeroPoint: 127),
    ]

    /// What a sum becomes: each step in float32, rounded by itself.
    private static func value(
        _ sum: Int, _ arithmetic: CodeArithmetic, scale: Float, bias: Float?
    ) -> Float {
        let step = arithmetic.output?.scale ?? 1
        let zero = Double(arithmetic.output?.zeroPoint ?? 0)
        let factor = Float(arithmetic.input.scale * Double(scale) / step)
        let product = Float(sum) * factor
        let value = product + Float(Double(bias ?? 0) / step + zero)
        let (lower, upper) = (
            Float(arithmetic.clamp.lower / step + zero), Float(arithmetic.clamp.upper / step + zero)
        )
        return min(max(value, lower), upper)
    }

    private static func code(_ value: Float) -> UInt8 {
        UInt8(min(max(value, 0), 127).rounded(.toNearestOrEven))
    }

    /// Numbers around a range, beyond it too.
    private static func numbers(_ count: Int, _ range: CodeRange, seed: UInt64) -> [Float] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in
            Float(
                (Double.random(in: -10...137, using: &generator) - Double(range.zeroPoint)) * range.scale)
        }
    }

    private static func bytes(_ count: Int, seed: UInt64) -> [Int8] {
        var generator = SplitMix64(seed: seed)
        return (0..<count).map { _ in Int8.random(in: -128...127, using: &generator) }
    }

    private static func codes(of numbers: [Float], _ range: CodeRange) -> [UInt8] {
        numbers.map { code($0 * Float(1 / range.scale) + Float(range.zeroPoint)) }
    }

    /// Runs with codes and with numbers, giving codes and numbers, and compares with the expected sums.
    private func check(
        _ what: String, numbers: [Float], columns: Int, clamp: Clamp, input: CodeRange, bias: [Float]?,
        expected sums: [Int],
        _ run: (CodeArithmetic, CodeInput, UnsafePointer<Float>, UnsafePointer<Float>?, CodeOutput) -> Void
    ) {
        let scales = (0..<columns).map { 0.001 + Float($0) * 0.0001 }
        let codes = Self.codes(of: numbers, input)
        for output in [nil] + Self.ranges.map(Optional.some) {
            let arithmetic = CodeArithmetic(input: input, output: output, clamp: clamp)
            let values = sums.enumerated().map {
                Self.value($1, arithmetic, scale: scales[$0 % columns], bias: bias?[$0 % columns])
            }
            for takesCodes in [true, false] {
                let operand: CodeInput =
                    takesCodes
                    ? codes.withUnsafeBufferPointer { .codes($0.baseAddress!) }
                    : numbers.withUnsafeBufferPointer { .numbers($0.baseAddress!) }
                withExtendedLifetime((codes, numbers)) {
                    func compute(to result: CodeOutput) {
                        scales.withUnsafeBufferPointer { scales in
                            if let bias {
                                bias.withUnsafeBufferPointer {
                                    run(arithmetic, operand, scales.baseAddress!, $0.baseAddress, result)
                                }
                            } else {
                                run(arithmetic, operand, scales.baseAddress!, nil, result)
                            }
                        }
                    }
                    if output == nil {
                        var result = [Float](repeating: .nan, count: sums.count)
                        result.withUnsafeMutableBufferPointer { compute(to: .numbers($0.baseAddress!)) }
                        #expect(result == values, "\(what), numbers")
                    } else {
                        var result = [UInt8](repeating: 255, count: sums.count)
                        result.withUnsafeMutableBufferPointer { compute(to: .codes($0.baseAddress!)) }
                        #expect(result == values.map(Self.code), "\(what), codes")
                    }
                }
            }
        }
    }

    @Test(arguments: sets.map(\.name)) func dense(name: String) throws {
        let set = try #require(Self.sets.first { $0.name == name })
        for (rows, depth, columns) in [
            (1, 1, 1), (3, 5, 7), (13, 64, 33), (50, 9, 16), (97, 130, 65), (5, 4, 31), (64, 200, 10),
        ] {
            for (index, input) in Self.ranges.enumerated() {
                let numbers = Self.numbers(rows * depth, input, seed: UInt64(rows + index))
                let codes = Self.codes(of: numbers, input)
                let kernel = Self.bytes(depth * columns, seed: 7)
                let bias = index == 1 ? nil : (0..<columns).map { Float($0) * 0.01 - 0.1 }
                var sums: [Int] = []
                for row in 0..<rows {
                    for column in 0..<columns {
                        sums.append(
                            (0..<depth).reduce(0) {
                                $0 + (Int(codes[row * depth + $1]) - Int(input.zeroPoint))
                                    * Int(kernel[$1 * columns + column])
                            })
                    }
                }
                check(
                    "\(name), \(rows)×\(depth)×\(columns), zero \(input.zeroPoint)", numbers: numbers,
                    columns: columns, clamp: index == 0 ? .relu : .identity, input: input, bias: bias,
                    expected: sums
                ) { arithmetic, input, scales, bias, output in
                    let product = CodeProduct(
                        rows: rows, depth: depth, columns: columns, arithmetic: arithmetic, set: set)
                    var packed = [UInt8](repeating: 0, count: product.packedByteCount)
                    packed.withUnsafeMutableBytes { memory in
                        kernel.withUnsafeBufferPointer {
                            product.pack($0.baseAddress!, to: memory.baseAddress!)
                        }
                        product.run(
                            input: input, packed: memory.baseAddress!, scales: scales, bias: bias,
                            output: output)
                    }
                }
            }
        }
    }

    /// Nothing saturates or wraps around, up to the deepest sums: that of the largest products, of either sign.
    @Test(arguments: sets.map(\.name)) func largestSumsAreExact(name: String) throws {
        let set = try #require(Self.sets.first { $0.name == name })
        let depth = CodeProduct.depthLimit
        for (zero, code, weight) in [
            (0, 127, 127), (0, 127, -128), (127, 0, 127), (127, 0, -128), (64, 127, -128),
        ] as [(UInt8, UInt8, Int8)] {
            let arithmetic = CodeArithmetic(
                input: CodeRange(scale: 1, zeroPoint: Int(zero)), output: nil, clamp: .identity)
            let product = CodeProduct(rows: 1, depth: depth, columns: 3, arithmetic: arithmetic, set: set)
            let packed = UnsafeMutableRawPointer.allocate(byteCount: product.packedByteCount, alignment: 64)
            defer { packed.deallocate() }
            product.pack([Int8](repeating: weight, count: 3 * depth), to: packed)
            var result = [Float](repeating: .nan, count: 3)
            let codes = [UInt8](repeating: code, count: depth)
            codes.withUnsafeBufferPointer { codes in
                result.withUnsafeMutableBufferPointer {
                    product.run(
                        input: .codes(codes.baseAddress!), packed: packed, scales: [1, 1, 1], bias: nil,
                        output: .numbers($0.baseAddress!))
                }
            }
            let expected = Float(depth * (Int(code) - Int(zero)) * Int(weight))
            #expect(result == [expected, expected, expected], "\(name), zero \(zero), \(code)·\(weight)")
        }
    }

    private struct Case: CustomStringConvertible {
        var size = (9, 8)
        var channels = 3
        var window = (3, 3)
        var stride = (1, 1)
        var dilation = 1
        var pads = false
        var pools = false
        var outputs = 5
        /// Rows and columns of the result that are wanted; nil: all.
        var live: (Int, Int)?
        var description: String {
            "\(size)×\(channels), window \(window), stride \(stride), dilation \(dilation), pads \(pads), pools \(pools), \(outputs) outputs, \(String(describing: live))"
        }
    }

    @Test(arguments: sets.map(\.name)) func convolution(name: String) throws {
        let set = try #require(Self.sets.first { $0.name == name })
        let cases = [
            Case(), Case(pools: true), Case(channels: 1, outputs: 32),
            Case(channels: 1, pools: true, outputs: 33),
            Case(pads: true), Case(pads: true, pools: true), Case(stride: (2, 1), pads: true),
            Case(stride: (2, 2), pools: true), Case(dilation: 2),
            Case(channels: 2, dilation: 2, pads: true, pools: true),
            Case(window: (1, 1), outputs: 17), Case(size: (1, 40), window: (1, 4)),
            Case(size: (13, 13), channels: 32, pools: true, outputs: 64), Case(live: (3, 4)),
            Case(size: (28, 28), channels: 1, pools: true, outputs: 32, live: (12, 12)),
            Case(window: (2, 5), pools: true, outputs: 40),
        ]
        for (index, test) in cases.enumerated() {
            let batch = 3
            let input = Self.ranges[index % 3]
            func axis(_ input: Int, _ window: Int, _ stride: Int) -> WindowGeometry.Axis {
                .init(input: input, window: window, stride: stride, dilation: test.dilation, pads: test.pads)
            }
            var geometry = WindowGeometry(
                batch: batch, channels: test.channels,
                vertical: axis(test.size.0, test.window.0, test.stride.0),
                horizontal: axis(test.size.1, test.window.1, test.stride.1))
            if let live = test.live {
                let cells = test.pools ? 2 : 1
                geometry = geometry.limited(height: cells * live.0, width: cells * live.1)
            }
            func halved(_ axis: WindowGeometry.Axis) -> WindowGeometry.Axis {
                .init(input: axis.output, window: 2, stride: 2, dilation: 1, pads: false)
            }
            let pool =
                test.pools
                ? WindowGeometry(
                    batch: batch, channels: test.outputs, vertical: halved(geometry.vertical),
                    horizontal: halved(geometry.horizontal)) : nil
            let numbers = Self.numbers(batch * geometry.imageCount, input, seed: UInt64(index))
            let codes = Self.codes(of: numbers, input)
            let kernel = Self.bytes(
                test.window.0 * test.window.1 * test.channels * test.outputs, seed: UInt64(index + 50))
            func sum(_ image: Int, _ row: Int, _ column: Int, _ output: Int) -> Int {
                var sum = 0
                for h in geometry.vertical.cells(at: row) {
                    for w in geometry.horizontal.cells(at: column) {
                        let pixel =
                            (image * test.size.0 + geometry.vertical.source(row, h)) * test.size.1
                            + geometry.horizontal.source(column, w)
                        for c in 0..<test.channels {
                            let cell = (h * test.window.1 + w) * test.channels + c
                            sum +=
                                (Int(codes[pixel * test.channels + c]) - Int(input.zeroPoint))
                                * Int(kernel[cell * test.outputs + output])
                        }
                    }
                }
                return sum
            }
            var sums: [Int] = []
            let result = pool ?? geometry
            for image in 0..<batch {
                for row in 0..<result.vertical.output {
                    for column in 0..<result.horizontal.output {
                        for output in 0..<test.outputs {
                            guard test.pools else {
                                sums.append(sum(image, row, column, output))
                                continue
                            }
                            let cells = [(0, 0), (0, 1), (1, 0), (1, 1)].map {
                                sum(image, 2 * row + $0.0, 2 * column + $0.1, output)
                            }
                            sums.append(cells.max() ?? 0)
                        }
                    }
                }
            }
            check(
                "\(name), \(test)", numbers: numbers, columns: test.outputs,
                clamp: index % 2 == 0 ? .relu6 : .identity, input: input,
                bias: index % 3 == 0 ? nil : (0..<test.outputs).map { 0.3 - Float($0) * 0.02 }, expected: sums
            ) { arithmetic, input, scales, bias, output in
                let convolution = CodeConvolution(
                    geometry: geometry, outputChannels: test.outputs, pool: pool, arithmetic: arithmetic,
                    set: set)
                var packed = [UInt8](repeating: 0, count: convolution.packedByteCount)
                packed.withUnsafeMutableBytes { memory in
                    kernel.withUnsafeBufferPointer {
                        convolution.pack($0.baseAddress!, to: memory.baseAddress!)
                    }
                    convolution.run(
                        input: input, packed: memory.baseAddress!, scales: scales, bias: bias, output: output)
                }
            }
        }
    }

    /// Whatever numbers there are, NaN and infinite ones too, codes are codes.
    @Test(arguments: sets.map(\.name)) func codesStayInRange(name: String) throws {
        let set = try #require(Self.sets.first { $0.name == name })
        let numbers: [Float] = [
            .nan, .infinity, -.infinity, .greatestFiniteMagnitude, -1e30, 1e30, -0.0, 0.5, 1.5, 2.5, 126.5,
            127.4,
            127.6, -0.4, .signalingNaN, Float(bitPattern: 0x7fc0_00ff), .leastNonzeroMagnitude,
        ]
        var codes = [UInt8](repeating: 255, count: numbers.count)
        numbers.withUnsafeBufferPointer { numbers in
            codes.withUnsafeMutableBufferPointer {
                set.quantize(
                    numbers.baseAddress!, count: numbers.count, by: CodeRange(scale: 1, zeroPoint: 0),
                    to: $0.baseAddress!)
            }
        }
        #expect(codes.allSatisfy { $0 <= 127 })
        #expect(codes[1...13].map(Int.init) == [127, 0, 127, 0, 127, 0, 0, 2, 2, 126, 127, 127, 0])
    }
}

extension BoundsTests {
    /// Microkernels on codes beside guard pages.
    @Suite struct CodeMicrokernels {
        static let names = CodeInstructionSet.available.map(\.name)

        @Test(arguments: names) func products(name: String) throws {
            let set = try #require(CodeInstructionSet.available.first { $0.name == name }).kernels
            let block = 2 * set.lanes
            for columns in Microkernels.widths {
                for (windows, window) in [(1, 1), (5, 1), (13, 1), (1, 4), (2, 4), (7, 4)] {
                    for (segments, groups) in [(1, 1), (3, 2)] {
                        for givesCodes in [true, false] {
                            expectStaysInside(
                                "\(name), multiply_codes \(windows) windows of \(window), \(columns) columns, \(segments)×\(groups)"
                            ) { memory in
                                let rows = windows * window
                                let padded = (columns + block - 1) / block * block
                                var generator = SplitMix64(seed: 3)
                                var job = citius_code_product()
                                // The last row's last segment ends where the codes end.
                                let count = (rows - 1) * 2 + (segments - 1) * 6 + 4 * groups
                                job.x = UnsafePointer(
                                    memory.elements(
                                        (0..<count).map { _ in UInt8.random(in: 0...127, using: &generator) })
                                )
                                job.rows = UnsafePointer(memory.elements((0..<rows).map { 2 * $0 }))
                                job.row_count = rows
                                job.segments = UnsafePointer(memory.elements((0..<segments).map { 6 * $0 }))
                                (job.segment_count, job.group_count) = (segments, groups)
                                job.block_stride = segments * groups * 4 * block
                                job.weights = UnsafePointer(
                                    memory.elements(
                                        (0..<padded / block * job.block_stride).map { _ in
                                            Int8.random(in: -128...127, using: &generator)
                                        }))
                                (job.columns, job.window) = (columns, window)
                                job.starts = UnsafePointer(
                                    memory.elements([Int32](repeating: 3, count: padded)))
                                job.factors = UnsafePointer(memory.random(padded, seed: 1))
                                job.shifts = UnsafePointer(memory.random(padded, seed: 2))
                                job.clamp = Clamp.relu.forMicrokernels
                                if givesCodes {
                                    job.codes = memory.results(windows * columns)
                                } else {
                                    job.y = memory.results(windows * columns)
                                }
                                set.multiply_codes(&job)
                            }
                        }
                    }
                }
            }
        }

        @Test(arguments: names) func quantization(name: String) throws {
            let set = try #require(CodeInstructionSet.available.first { $0.name == name }).kernels
            for count in Microkernels.widths + [0] {
                expectStaysInside("\(name), quantize \(count)") { memory in
                    set.quantize(memory.random(count, seed: 1), count, 100, 3, memory.results(count))
                }
            }
        }
    }
}
