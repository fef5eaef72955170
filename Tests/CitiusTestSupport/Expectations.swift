import CitiusTensor
import Testing

/// Expects two tensors to agree: in shape and dtype first, then element by element to within
/// `absolute + relative · |expected|`. NaN agrees with NaN. Names the worst element.
public func expectClose(
    _ actual: Tensor, _ expected: Tensor, absolute: Double = 1e-6, relative: Double = 1e-5,
    _ comment: @autoclosure () -> String = "", sourceLocation: SourceLocation = #_sourceLocation
) {
    guard actual.shape == expected.shape, actual.dtype == expected.dtype else {
        Issue.record(
            "\(comment()) got \(actual.dtype) \(actual.shape), expected \(expected.dtype) \(expected.shape)",
            sourceLocation: sourceLocation)
        return
    }
    let a = actual.cast(to: .float64).elements(as: Double.self)
    let b = expected.cast(to: .float64).elements(as: Double.self)
    var worst: (index: Int, excess: Double)?
    for index in a.indices where !(a[index].isNaN && b[index].isNaN) && a[index] != b[index] {
        let excess = abs(a[index] - b[index]) - (absolute + relative * abs(b[index]))
        // A NaN on one side makes the excess NaN, which must count as a failure.
        if !(excess <= worst?.excess ?? 0) { worst = (index, excess.isNaN ? .infinity : excess) }
    }
    if let worst {
        Issue.record(
            "\(comment()) element \(worst.index) is \(a[worst.index]), expected \(b[worst.index])",
            sourceLocation: sourceLocation)
    }
}

/// Numbers spread evenly over a range, from a generator independent of the library's.
public func randomTensor(
    _ shape: Shape, dtype: DType = .float64, in range: Range<Double> = -1..<1, seed: UInt64
) -> Tensor {
    var generator = SplitMix64(seed: seed)
    let elements = (0..<shape.count).map { _ in Double.random(in: range, using: &generator) }
    return Tensor(elements, shape: shape).cast(to: dtype)
}
