import CitiusKernels
import CitiusPlatform

// Distributions beyond the uniform and the normal one. As those, they draw from a seeded generator and advance it; the
// same generator gives the same bits on any number of threads.
extension Tensor {
    /// Integers of a range, each as likely. Traps if the range is empty, or for a type that does not hold its numbers.
    ///
    /// Keras's `random.randint`.
    public init(
        integers shape: Shape, in range: Range<Int>, dtype: DType = .int64,
        using generator: inout RandomGenerator
    ) {
        require(!range.isEmpty, "Tensor(integers:): the range \(range) is empty")
        let numbers = Tensor([Int64(range.lowerBound), Int64(range.upperBound - 1)])
        require(
            dtype.isFloatingPoint || numbers.cast(to: dtype).cast(to: .int64) == numbers,
            "Tensor(integers:): \(dtype) does not hold the numbers of \(range)")
        let first = generator.takeBlocks(shape.count)
        let philox = generator.philox
        let width = UInt64(bitPattern: Int64(range.upperBound &- range.lowerBound))
        self =
            Tensor(shape: shape) { (out: UnsafeMutablePointer<Int64>) in
                philox.fillIntegers(
                    out, count: shape.count, from: first, lower: Int64(range.lowerBound), width: width)
            }.cast(to: dtype)
    }

    /// Numbers of density xᵅ⁻¹·e⁻ˣ/Γ(α): the sum of α waiting times of mean 1.
    ///
    /// - Parameter alpha: positive; broadcasts to the shape.
    ///
    /// Traps if one is not positive or not finite.
    public init(
        gamma shape: Shape, alpha: Tensor, dtype: DType = .float32, using generator: inout RandomGenerator
    ) {
        let alpha = alpha.drawn(to: shape, "Tensor(gamma:)", "alpha") { $0 .> 0 }
        let first = generator.takeBlocks(shape.count)
        let philox = generator.philox
        self =
            Tensor(shape: shape) { (out: UnsafeMutablePointer<Double>) in
                alpha.withElements { philox.fillGamma(out, alpha: $0, count: shape.count, from: first) }
            }.cast(to: dtype)
    }

    /// Numbers of density xᵅ⁻¹·(1 − x)ᵝ⁻¹/B(α, β), between 0 and 1.
    ///
    /// - Parameters:
    ///   - alpha: positive; broadcasts to the shape.
    ///   - beta: positive; broadcasts to the shape.
    ///
    /// Traps if one is not positive or not finite.
    public init(
        beta shape: Shape, alpha: Tensor, beta: Tensor, dtype: DType = .float32,
        using generator: inout RandomGenerator
    ) {
        let alpha = alpha.drawn(to: shape, "Tensor(beta:)", "alpha") { $0 .> 0 }
        let beta = beta.drawn(to: shape, "Tensor(beta:)", "beta") { $0 .> 0 }
        let first = generator.takeBlocks(shape.count)
        let philox = generator.philox
        self =
            Tensor(shape: shape) { (out: UnsafeMutablePointer<Double>) in
                alpha.withElements { alpha in
                    beta.withElements {
                        philox.fillBeta(out, alpha: alpha, beta: $0, count: shape.count, from: first)
                    }
                }
            }.cast(to: dtype)
    }

    /// How many of so many trials succeed, each with a probability.
    ///
    /// - Parameters:
    ///   - counts: of trials, whole numbers of at least 0; broadcasts to the shape.
    ///   - probabilities: from 0 to 1; broadcasts to the shape.
    ///
    /// Traps if one is out of range.
    public init(
        binomial shape: Shape, counts: Tensor, probabilities: Tensor, dtype: DType = .float32,
        using generator: inout RandomGenerator
    ) {
        let counts = counts.drawn(to: shape, "Tensor(binomial:)", "counts") {
            ($0 .>= 0) .& ($0 .<= 1e15) .& ($0.floor() .== $0)
        }.cast(to: .int64)
        let probabilities = probabilities.drawn(to: shape, "Tensor(binomial:)", "probabilities") {
            ($0 .>= 0) .& ($0 .<= 1)
        }
        let first = generator.takeBlocks(shape.count)
        let philox = generator.philox
        self =
            Tensor(shape: shape) { (out: UnsafeMutablePointer<Int64>) in
                counts.withElements { trials in
                    probabilities.withElements {
                        philox.fillBinomial(
                            out, trials: trials, probability: $0, count: shape.count, from: first)
                    }
                }
            }.cast(to: dtype)
    }

    /// For each row of unscaled log probabilities the numbers of classes drawn by them: `[rows, count]`, int64.
    ///
    /// ```swift
    /// let next = Tensor(categorical: logits / temperature, count: 1, using: &generator)   // samples a token for each row
    /// ```
    ///
    /// - Parameter logits: `[rows, classes]`, real; −∞ for a class that never comes.
    ///
    /// Traps if they are not a matrix, or if a row is NaN or allows no class.
    public init(categorical logits: Tensor, count: Int, using generator: inout RandomGenerator) {
        require(
            logits.rank == 2 && logits.dtype.isFloatingPoint && logits.shape[1] > 0 && count >= 0,
            "Tensor(categorical:): \(logits.dtype) \(logits.shape), count \(count), expected real [rows, classes]"
        )
        let (rows, classes) = (logits.shape[0], logits.shape[1])
        let sums = logits.cast(to: .float64).softmax().cumulativeSum(axis: 1).elements(as: Double.self)
        let draws = Tensor(uniform: [rows, count], dtype: .float64, using: &generator).elements(
            as: Double.self)
        self = Tensor(shape: [rows, count]) { (out: UnsafeMutablePointer<Int64>) in
            for row in 0..<rows {
                let sums = sums[row * classes..<(row + 1) * classes]
                let total = sums[sums.endIndex - 1]
                require(total > 0, "Tensor(categorical:): row \(row) is NaN or allows no class")
                for place in row * count..<(row + 1) * count {
                    // The first class whose sum is beyond the draw: one of probability 0 has the sum before it.
                    let draw = draws[place] * total
                    var (low, high) = (sums.startIndex, sums.endIndex - 1)
                    while low < high {
                        let middle = (low + high) / 2
                        if sums[middle] > draw { high = middle } else { low = middle + 1 }
                    }
                    out[place] = Int64(low - sums.startIndex)
                }
            }
        }
    }

    /// The entries along an axis in random order, each with all that belongs to it.
    public func shuffled(axis: Int = 0, using generator: inout RandomGenerator) -> Tensor {
        taking(Tensor(permutation: shape[axis], using: &generator), axis: axis)
    }

    /// The parameters of a distribution, a float64 for each element that is drawn.
    private func drawn(
        to shape: Shape, _ operation: String, _ name: String, where isInRange: (Tensor) -> Tensor
    ) -> Tensor {
        let numbers = cast(to: .float64)
        let isRight = isInRange(numbers) .& (numbers.abs() .< .infinity)
        require(
            isRight.all().element(as: Bool.self),
            "\(operation): \(name) of shape \(self.shape) holds a number that is out of range")
        return numbers.expanded(to: shape)
    }
}
