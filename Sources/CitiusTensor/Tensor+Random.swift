import CitiusKernels
import CitiusPlatform

// Random tensors draw from a seeded generator and advance it. The same generator gives the same bits on any
// number of threads.
extension Tensor {
    /// Real numbers spread evenly over a range. Traps if the range is empty.
    public init(
        uniform shape: Shape, in range: Range<Double> = 0..<1, dtype: DType = .float32,
        using generator: inout RandomGenerator
    ) {
        require(!range.isEmpty, "Tensor(uniform:): the range \(range) is empty")
        let first = generator.takeBlocks(Philox.blocks(for: shape.count))
        let philox = generator.philox
        func make<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
                philox.fillUniform(
                    out, count: shape.count, from: first, lower: T(range.lowerBound),
                    upper: T(range.upperBound))
            }
        }
        self = make(dtype.realType(for: "Tensor(uniform:)"))
    }

    /// Normally distributed numbers. Traps if the standard deviation is negative.
    public init(
        normal shape: Shape, mean: Double = 0, standardDeviation: Double = 1, dtype: DType = .float32,
        using generator: inout RandomGenerator
    ) {
        require(
            standardDeviation >= 0, "Tensor(normal:): standard deviation \(standardDeviation) is negative")
        let first = generator.takeBlocks(Philox.blocks(for: shape.count))
        let philox = generator.philox
        func make<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
                philox.fillNormal(
                    out, count: shape.count, from: first, mean: T(mean), deviation: T(standardDeviation))
            }
        }
        self = make(dtype.realType(for: "Tensor(normal:)"))
    }

    /// Normally distributed numbers, those beyond two standard deviations drawn again, as Keras does. Traps
    /// if the standard deviation is negative.
    public init(
        truncatedNormal shape: Shape, mean: Double = 0, standardDeviation: Double = 1,
        dtype: DType = .float32, using generator: inout RandomGenerator
    ) {
        require(
            standardDeviation >= 0,
            "Tensor(truncatedNormal:): standard deviation \(standardDeviation) is negative")
        let first = generator.takeBlocks(shape.count)
        let philox = generator.philox
        func make<T: RealScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
                philox.fillTruncatedNormal(
                    out, count: shape.count, from: first, mean: T(mean), deviation: T(standardDeviation))
            }
        }
        self = make(dtype.realType(for: "Tensor(truncatedNormal:)"))
    }

    /// Ones with the given probability, else zeros. Traps if it is not in 0...1.
    public init(
        bernoulli shape: Shape, probability: Double, dtype: DType = .float32,
        using generator: inout RandomGenerator
    ) {
        require(
            (0...1).contains(probability),
            "Tensor(bernoulli:): probability \(probability), expected 0 to 1")
        let first = generator.takeBlocks(Philox.blocks(for: shape.count))
        let philox = generator.philox
        func make<T: NumberScalar>(_ type: T.Type) -> Tensor {
            Tensor(shape: shape) { (out: UnsafeMutablePointer<T>) in
                philox.fillBernoulli(out, count: shape.count, from: first, probability: probability)
            }
        }
        self = make(dtype.numberType(for: "Tensor(bernoulli:)"))
    }

    /// The numbers below `count` in random order, as int64.
    public init(permutation count: Int, using generator: inout RandomGenerator) {
        self = Tensor((0..<Int64(count)).shuffled(using: &generator))
    }
}
