import CitiusPlatform

/// A learning rate that is one number up to a step, another up to the next, and so on.
///
/// ```swift
/// PiecewiseConstantDecay(boundaries: [1_000, 2_000], values: [0.1, 0.01, 0.001])
/// ```
///
/// The boundaries belong to the piece before them: step 1000 still has the rate 0.1. As
/// `keras.optimizers.schedules.PiecewiseConstantDecay`.
public struct PiecewiseConstantDecay: ConfigurableSchedule {
    public static let module: String? = "keras.optimizers.schedules"
    public let boundaries: [Int]
    public let values: [Double]
    public let name: String

    /// Traps if there is not one value more than boundaries, or if the boundaries do not rise.
    public init(boundaries: [Int], values: [Double], name: String = "PiecewiseConstant") {
        self.boundaries = boundaries
        self.values = values
        self.name = name
        require(self)
    }

    public var problem: String? {
        firstProblem(
            (
                values.count == boundaries.count + 1,
                "\(values.count) values for \(boundaries.count) boundaries, expected one value more than boundaries"
            ),
            (
                zip(boundaries, boundaries.dropFirst()).allSatisfy { $0 < $1 },
                "the boundaries are \(boundaries), expected rising steps"
            ))
    }

    public func callAsFunction(_ step: Int) -> Double {
        values[boundaries.firstIndex { step <= $0 } ?? boundaries.count]
    }
}
