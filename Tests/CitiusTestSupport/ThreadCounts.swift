import CitiusKernels
import CitiusTensor
import Synchronization
import Testing

/// Tests that set the number of threads take turns.
private let turn = Mutex(())

/// Expects a computation to give the same bits on some numbers of threads.
public func expectSameBitsOnAnyThreads(
    _ comment: @autoclosure () -> String = "", threads: [Int] = [1, 2, 5],
    sourceLocation: SourceLocation = #_sourceLocation,
    _ compute: () throws -> [Tensor]
) throws {
    try turn.withLock { _ in
        let count = Threads.count
        defer { Threads.count = count }
        var first: [[UInt64]]?
        for threads in threads {
            Threads.count = threads
            let bits = try compute().map(\.bits)
            let expected = first ?? bits
            #expect(bits.count == expected.count, sourceLocation: sourceLocation)
            for (index, (actual, expected)) in zip(bits, expected).enumerated() {
                let differing = zip(actual, expected).count { $0 != $1 }
                #expect(
                    actual.count == expected.count && differing == 0,
                    "\(comment()): tensor \(index) on \(threads) threads: \(differing) of \(actual.count) elements differ from the first's",
                    sourceLocation: sourceLocation)
            }
            first = expected
        }
    }
}

extension Tensor {
    /// The elements' bits: equal for the same number of the same sign, or the same NaN.
    fileprivate var bits: [UInt64] {
        switch dtype {
        case .float32: elements(as: Float.self).map { UInt64($0.bitPattern) }
        case .float64: elements(as: Double.self).map(\.bitPattern)
        default: cast(to: .float64).elements(as: Double.self).map(\.bitPattern)
        }
    }
}
