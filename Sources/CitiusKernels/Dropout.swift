import CitiusSIMD

/// Which elements dropout keeps: each with one probability, decided by 32 random bits. Element i depends on
/// the key, the first block and on i alone, whatever thread or instruction set decides.
package struct DropoutMask: Sendable {
    private let key: UInt64
    private let first: UInt64
    private let threshold: UInt64

    /// Blocks of a generator's stream that a mask of so many elements takes: 16 for 64 elements.
    package static func blocks(for count: Int) -> Int { (count + 63) / 64 * 16 }

    package init(_ philox: Philox, firstBlock: UInt64, keeping probability: Double) {
        key = philox.key
        first = firstBlock
        threshold = UInt64((probability * 0x1p32).rounded())
    }

    /// Draws the mask, 1 for what stays, and y ← x·scale where it does, else 0, in one pass.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func drop<T: KernelReal>(
        _ x: UnsafePointer<T>, scale: T, count: Int, keep: UnsafeMutablePointer<UInt8>,
        to y: UnsafeMutablePointer<T>
    ) {
        let span = Span("dropout \(count)", elements: 2 * count, elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        let kernels = InstructionSet.chosen.kernels
        let length = 4_096
        ThreadPool.shared.forRanges(of: (count + length - 1) / length, grain: 1) { runs in
            for run in runs {
                let start = run * length
                let count = min(length, count - start)
                kernels.keep_randomly(
                    key, first &+ UInt64(Self.blocks(for: start)), threshold, keep + start, count)
                multiply(x + start, by: keep + start, scale: scale, count: count, to: y + start)
            }
        }
    }
}

/// y ← x·scale where the mask is not 0, else 0.
@specialized(where T == Float)
@specialized(where T == Double)
package func applyMask<T: KernelReal>(
    _ keep: UnsafePointer<UInt8>, to x: UnsafePointer<T>, scale: T, count: Int,
    into y: UnsafeMutablePointer<T>
) {
    let span = Span("dropout's gradient \(count)", elements: 2 * count, elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    ThreadPool.shared.forRanges(of: count, grain: 16_384) { range in
        let start = range.lowerBound
        multiply(x + start, by: keep + start, scale: scale, count: range.count, to: y + start)
    }
}

@inline(__always)
private func multiply<T: KernelReal>(
    _ x: UnsafePointer<T>, by keep: UnsafePointer<UInt8>, scale: T, count: Int, to y: UnsafeMutablePointer<T>
) {
    if T.self == Float.self {
        InstructionSet.chosen.kernels.mask(floats(x), keep, Float(scale), count, mutableFloats(y))
        return
    }
    for index in 0..<count { y[index] = keep[index] != 0 ? x[index] * scale : 0 }
}
