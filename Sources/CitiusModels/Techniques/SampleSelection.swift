import CitiusPlatform

/// The samples of a pass over the data, as techniques choose them.
public struct SampleSelection: Sendable, Equatable {
    /// Where the samples stand in the data; one may come twice. Their order counts where `fit` does not shuffle.
    public private(set) var indices: [Int]
    /// What each one's loss counts; nil: 1.
    public private(set) var weights: [Float]?
    /// Samples a step.
    public var batchSize: Int {
        didSet { require(batchSize >= 1, "SampleSelection: batchSize is \(batchSize), expected at least 1") }
    }

    init(count: Int, batchSize: Int) {
        indices = Array(0..<count)
        self.batchSize = batchSize
    }

    /// One that was saved; nil if it cannot have been.
    init?(indices: [Int], weights: [Float]?, batchSize: Int) {
        guard !indices.isEmpty, weights?.count ?? indices.count == indices.count, batchSize >= 1 else {
            return nil
        }
        self.indices = indices
        self.weights = weights
        self.batchSize = batchSize
    }

    /// The number of samples.
    public var count: Int { indices.count }

    /// Keeps these of the samples, which may come twice, in this order; each keeps its weight, times a factor.
    ///
    /// - Parameters:
    ///   - places: places among `indices`.
    ///   - factors: one for each of the places; nil: 1.
    ///
    /// Traps if a place is none of the selection's, or if the numbers of places and factors differ.
    public mutating func keep(_ places: [Int], factors: [Float]? = nil) {
        for place in places {
            require(
                indices.indices.contains(place),
                "keep: place \(place) is outside the selection of \(indices.count) samples")
        }
        require(
            factors?.count ?? places.count == places.count,
            "keep: \(factors?.count ?? 0) factors for \(places.count) samples, expected one each")
        let own = weights.map { weights in places.map { weights[$0] } }
        indices = places.map { indices[$0] }
        switch (own, factors) {
        case (let own?, let factors?): weights = zip(own, factors).map { $0 * $1 }
        default: weights = own ?? factors
        }
    }

    /// Keeps the first so many. Traps if there are not as many.
    public mutating func keepFirst(_ count: Int) { keep(Array(0..<count)) }
}
