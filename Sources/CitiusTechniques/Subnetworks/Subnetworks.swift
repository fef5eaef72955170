import CitiusAutograd
import CitiusData
import CitiusKernels
import CitiusLayers
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Models that train at once, a thread for each, on samples of their own.
///
/// Within a model's thread nothing is divided further, so that small models, which several threads cannot share well, keep
/// all of them busy.
enum Subnetworks {
    /// Calls `body` for each model, several at once; the first error is thrown when all are done.
    static func train(_ models: [Model], _ body: (Int) throws -> Void) throws {
        let errors = Failures(models.count)
        ThreadPool.shared.forChunks(models.count, of: models.count) { _, range in
            for index in range {
                do { try body(index) } catch { errors.set(error, at: index) }
            }
        }
        if let error = errors.first { throw error }
    }

    /// An error of each model: written by one thread each.
    private final class Failures {
        private let errors: UnsafeMutablePointer<(any Error)?>
        private let count: Int

        init(_ count: Int) {
            self.count = count
            errors = .allocate(capacity: max(1, count))
            errors.initialize(repeating: nil, count: max(1, count))
        }

        deinit {
            errors.deinitialize(count: max(1, count))
            errors.deallocate()
        }

        func set(_ error: any Error, at index: Int) { errors[index] = error }
        var first: (any Error)? { (0..<count).lazy.compactMap { self.errors[$0] }.first }
    }
}

extension Ensemble {
    /// Models that are trained at once, each on samples of its own, and predict together (bagging: Breiman 1996,
    /// doi:10.1007/BF00058655).
    ///
    /// ```swift
    /// import Citius
    /// import CitiusTechniques
    ///
    /// let ensemble = try Ensemble.bagging(4, on: train, epochs: 5) { seed in
    ///     let model = Sequential(seed: seed) {
    ///         Input(28, 28, 1)
    ///         Flatten()
    ///         Dense(10, activation: .softmax)
    ///     }
    ///     model.compile(optimizer: .adam, loss: .sparseCategoricalCrossentropy)
    ///     return model
    /// }
    /// ```
    ///
    /// - Parameters:
    ///   - count: of members.
    ///   - data: what they share.
    ///   - sampling: which of it each one has.
    ///   - make: a compiled model of a seed.
    /// - Throws: a `TrainingError` if the data does not fit.
    ///
    /// Traps if there are no members.
    public static func bagging(
        _ count: Int, on data: Dataset, sampling: Sampling = .bootstrap, batchSize: Int = 32, epochs: Int = 1,
        seed: UInt64 = 0, combining combination: Combination = .averaging,
        _ make: (_ seed: UInt64) throws -> Model
    ) throws -> Ensemble {
        require(count >= 1, "bagging: \(count) members, expected at least 1")
        var generator = RandomGenerator(seed: seed)
        var models: [Model] = []
        for _ in 0..<count { models.append(try make(generator.next())) }
        var order = Array(0..<data.count)
        generator.shuffle(&order)
        let parts = (0..<count).map { member -> Dataset in
            switch sampling {
            case .bootstrap:
                return data.subset(
                    (0..<data.count).map { _ in Int(generator.uniform() * Double(data.count)) })
            case .shards:
                return data.subset(
                    Array(order[data.count * member / count..<data.count * (member + 1) / count]))
            }
        }
        for (model, part) in zip(models, parts) where !model.isBuilt {
            model.build(inputShapes: part.inputShapes)
        }
        try Subnetworks.train(models) { member in
            try models[member].fit(parts[member], batchSize: batchSize, epochs: epochs, verbose: .silent)
        }
        return Ensemble(models, combining: combination)
    }

    /// Which samples each member of a bagging is trained on.
    public enum Sampling: Sendable {
        /// As many as there are, drawn with replacement.
        case bootstrap
        /// Parts of the data that do not overlap: an epoch costs one pass over the data, for all members together.
        case shards
    }
}

extension Model {
    /// Trains copies of the model at once, each on its own shard of the data, and averages their weights every so many steps
    /// (local SGD: Stich 2018, arXiv 1805.09767). Optimizers are the copies' own. At the end the model has the average.
    ///
    /// ```swift
    /// import Citius
    /// import CitiusTechniques
    ///
    /// model.compile(optimizer: .adam, loss: .sparseCategoricalCrossentropy, metrics: [.accuracy])
    /// try model.fitLocally(train, workers: 2, stepsBetweenAverages: 16, batchSize: 4, epochs: 2)
    /// ```
    ///
    /// - Parameters:
    ///   - workers: how many copies; the result depends on it, and on no number of threads.
    ///   - steps: that each copy takes between two averages.
    /// - Throws: a `TrainingError` if the data does not fit, or a `SavingError` if the model does not describe itself.
    ///
    /// Traps if the model is not compiled or a number is below 1.
    public final func fitLocally(
        _ data: Dataset, workers: Int, stepsBetweenAverages steps: Int = 16, batchSize: Int = 32,
        epochs: Int = 1
    ) throws {
        require(
            workers >= 1 && steps >= 1 && batchSize >= 1 && epochs >= 0,
            "fitLocally: \(workers) workers, \(steps) steps, batches of \(batchSize), \(epochs) epochs, expected at least "
                + "1 of each")
        if !isBuilt { build(inputShapes: data.inputShapes) }
        // One batch tells whether the data fits.
        _ = try evaluate(data, batchSize: batchSize, verbose: .silent, steps: 1)
        var copies: [Model] = []
        for _ in 0..<workers {
            let copy = try fresh(seed: generator.next())
            copy.weights = weights
            copies.append(copy)
        }
        var order = Array(0..<data.count)
        for _ in 0..<epochs {
            generator.shuffle(&order)
            let shards = (0..<workers).map { worker in
                data.subset(Array(order[data.count * worker / workers..<data.count * (worker + 1) / workers]))
            }
            let batches = shards.map { Array($0.batched(batchSize)) }
            let longest = batches.map(\.count).max() ?? 0
            for start in stride(from: 0, to: longest, by: steps) {
                try Subnetworks.train(copies) { worker in
                    for batch in batches[worker].dropFirst(start).prefix(steps) {
                        try copies[worker].trainOnBatch(batch)
                    }
                }
                var average = WeightAverage()
                for copy in copies { average.add(copy.weights) }
                for copy in copies { copy.weights = average.weights }
            }
        }
        weights = copies[0].weights
    }
}

/// A model of several sub-networks and a gate, which learns whom to trust with which sample (Jacobs et al. 1991,
/// doi:10.1162/neco.1991.3.1.79): Σₖ softmax(gate(x))ₖ · expertₖ(x).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// func expert() -> Layer { Sequential([Flatten(), Dense(32, activation: .relu), Dense(10, activation: .softmax)]) }
/// let mixture = MixtureOfExperts([expert(), expert()], gate: Sequential([Flatten(), Dense(2)]))
/// mixture.compile(optimizer: .adam, loss: .sparseCategoricalCrossentropy)
/// try mixture.fit(train, epochs: 2)
/// ```
///
/// - Inputs: what the experts take; outputs: `[batch, …]`, as each of the experts gives.
public final class MixtureOfExperts: Model {
    public let experts: [Layer]
    /// Gives a number for each expert: `[batch, experts]`.
    public let gate: Layer

    /// Traps if there are no experts.
    public init(_ experts: [Layer], gate: Layer, name: String? = nil, seed: UInt64? = nil) {
        require(!experts.isEmpty, "MixtureOfExperts: there are no experts")
        (self.experts, self.gate) = (experts, gate)
        super.init(name: name, seed: seed)
    }

    public override var layers: [Layer] { [gate] + experts }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let shares = gate(input, in: context).softmax()
        require(
            shares.shape.rank == 2 && shares.shape[1] == experts.count,
            "MixtureOfExperts: the gate gives \(shares.shape), expected [batch, \(experts.count)]")
        var sum: Variable?
        for (index, expert) in experts.enumerated() {
            let output = expert(input, in: context)
            let axes = [Int](repeating: 1, count: output.shape.rank - 1)
            let share = shares.sliced(index..<index + 1, axis: 1).reshaped(
                to: Shape([output.shape[0]] + axes))
            sum = sum.map { $0 + output * share } ?? output * share
        }
        guard let sum else { fail("MixtureOfExperts: there are no experts") }
        return sum
    }
}
