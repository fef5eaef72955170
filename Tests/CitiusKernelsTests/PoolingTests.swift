import CitiusTestSupport
import Testing

@testable import CitiusKernels

@Suite struct PoolingTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let size: (Int, Int)
        let window: (Int, Int)
        let stride: (Int, Int)
        let channels: Int
        let pads: Bool

        var geometry: WindowGeometry {
            WindowGeometry(
                batch: 3, channels: channels,
                vertical: .init(input: size.0, window: window.0, stride: stride.0, dilation: 1, pads: pads),
                horizontal: .init(input: size.1, window: window.1, stride: stride.1, dilation: 1, pads: pads))
        }

        var testDescription: String {
            "\(size), window \(window), stride \(stride), \(channels) channels, \(pads ? "same" : "valid")"
        }

        /// The input elements under an output element, in order.
        func sources(of output: Int) -> [Int] {
            let (vertical, horizontal) = (geometry.vertical, geometry.horizontal)
            let channel = output % channels
            let pixel = output / channels
            let x = pixel % horizontal.output
            let y = pixel / horizontal.output % vertical.output
            let image = pixel / horizontal.output / vertical.output
            var sources: [Int] = []
            for h in 0..<window.0 {
                for w in 0..<window.1 {
                    let row = y * stride.0 + h - vertical.paddingBefore
                    let column = x * stride.1 + w - horizontal.paddingBefore
                    guard row >= 0, row < size.0, column >= 0, column < size.1 else { continue }
                    sources.append(((image * size.0 + row) * size.1 + column) * channels + channel)
                }
            }
            return sources
        }

        static let sweep: [Case] = [1, 3, 8, 17, 32, 33].flatMap { channels in
            [false, true].flatMap { pads in
                [
                    Case(size: (11, 11), window: (2, 2), stride: (2, 2), channels: channels, pads: pads),
                    Case(size: (9, 7), window: (3, 2), stride: (2, 1), channels: channels, pads: pads),
                    Case(size: (5, 8), window: (2, 3), stride: (3, 4), channels: channels, pads: pads),
                    Case(size: (20, 18), window: (17, 17), stride: (1, 1), channels: channels, pads: pads),
                ]
            }
        }
    }

    private func random<T: KernelReal>(_ count: Int, seed: UInt64) -> [T] {
        var generator = SplitMix64(seed: seed)
        // Few values, so that windows have ties.
        return (0..<count).map { _ in T(Int.random(in: -9...9, using: &generator)) / 4 }
    }

    private func check<T: KernelReal, Index: FixedWidthInteger>(_: T.Type, _: Index.Type, _ setting: Case) {
        let geometry = setting.geometry
        let input: [T] = random(geometry.batch * geometry.imageCount, seed: 5)
        let count = geometry.outputPixels * setting.channels
        let gradient: [T] = random(count, seed: 6)
        var output = [T](repeating: .nan, count: count)
        var inputGradient = [T](repeating: .nan, count: input.count)

        var argmax = [Index](repeating: 0, count: count)
        geometry.maxPool(input, output: &output, argmax: &argmax)
        geometry.maxPoolGradient(gradient, argmax: argmax, inputGradient: &inputGradient)
        var expected = [T](repeating: 0, count: input.count)
        var expectedOutput = output
        for index in 0..<count {
            let sources = setting.sources(of: index)
            let largest = sources.map { input[$0] }.max()!
            expectedOutput[index] = largest
            expected[sources.first { input[$0] == largest }!] += gradient[index]
        }
        #expect(output == expectedOutput)
        #expect(inputGradient == expected)

        geometry.averagePool(input, output: &output)
        geometry.averagePoolGradient(gradient, inputGradient: &inputGradient)
        expected = [T](repeating: 0, count: input.count)
        for index in 0..<count {
            let sources = setting.sources(of: index)
            let mean = sources.reduce(0) { $0 + input[$1] } / T(sources.count)
            #expect(abs(output[index] - mean) < 1e-5)
            for source in sources { expected[source] += gradient[index] / T(sources.count) }
        }
        #expect(zip(inputGradient, expected).allSatisfy { abs($0 - $1) < 1e-4 })
    }

    @Test(arguments: Case.sweep) func agreesWithTheDefinition(setting: Case) {
        check(Float.self, Int32.self, setting)
        check(Double.self, Int32.self, setting)
        if setting.geometry.cellCount <= 256 {
            check(Float.self, UInt8.self, setting)
            check(Double.self, UInt8.self, setting)
        }
    }

    /// The first NaN of a window is its largest element, whatever follows or goes before: larger values, infinity, or
    /// another NaN.
    private func checkNaN<T: KernelReal, Index: FixedWidthInteger>(_: T.Type, _: Index.Type, channels: Int) {
        let window = (height: 2, width: 3)
        let geometry = WindowGeometry(
            batch: 1, channels: channels,
            vertical: .init(input: 2, window: window.height, stride: 2, dilation: 1, pads: false),
            horizontal: .init(input: 3, window: window.width, stride: 3, dilation: 1, pads: false))
        let cells = window.height * window.width
        for position in 0..<cells {
            for later in [T(7), .infinity, .nan] {
                // Values that rise from cell to cell.
                var input = (0..<cells * channels).map { T($0 / channels) }
                for channel in 0..<channels {
                    input[position * channels + channel] = .nan
                    if position + 1 < cells { input[(cells - 1) * channels + channel] = later }
                }
                var output = [T](repeating: 0, count: channels)
                var argmax = [Index](repeating: 99, count: channels)
                geometry.maxPool(input, output: &output, argmax: &argmax)
                #expect(output.allSatisfy { $0.isNaN }, "\(T.self), NaN at \(position), later \(later)")
                #expect(argmax.allSatisfy { $0 == position }, "\(T.self), NaN at \(position), later \(later)")
            }
        }
    }

    @Test(arguments: [1, 4, 19]) func theFirstNaNIsTheLargest(channels: Int) {
        checkNaN(Float.self, UInt8.self, channels: channels)
        checkNaN(Float.self, Int32.self, channels: channels)
        checkNaN(Double.self, UInt8.self, channels: channels)
        checkNaN(Double.self, Int32.self, channels: channels)
    }
}
