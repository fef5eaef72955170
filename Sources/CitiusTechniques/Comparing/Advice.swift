import CitiusData
import CitiusModels
import CitiusOptimizers
import CitiusPlatform
import CitiusTensor

extension Model {
    /// Tries techniques on this model and these data, and says which reaches a target soonest.
    ///
    /// ```swift
    /// import Citius
    /// import CitiusTechniques
    ///
    /// let advice = try model.advise(on: train, target: .validationAccuracy(0.9), budget: .minutes(3))
    /// print(advice)
    /// ```
    ///
    /// Copies of the model are trained; the model stays as it is. First it trains as it is compiled, for comparison. Then
    /// techniques, each with a full and a half as long training, are tried by successive halving (Jamieson and Talwalkar
    /// 2016, arXiv 1502.07943): the better half goes on with twice the time. Those that are left run with further seeds, in
    /// turn with the plain training, until the time is spent.
    ///
    /// - Parameters:
    ///   - data: to train on.
    ///   - validationData: to reach the target on; nil: the last fifth of the data.
    ///   - target: what is to be reached.
    ///   - budget: how long it may take, about.
    ///   - batchSize: of the plain training.
    ///   - epochs: of the plain training, at most.
    /// - Throws: a `SavingError` if the model does not describe itself; a `TrainingError` if the data does not fit; a
    ///   `TechniqueError` if the model has no such metric.
    ///
    /// Traps if the model is not compiled.
    public final func advise(
        on data: Dataset, validationData: Dataset? = nil, target: AdviceTarget, budget: AdviceBudget,
        batchSize: Int = 32, epochs: Int = 50, seed: UInt64 = 1, verbose: Verbosity = .automatic
    ) throws -> Advice {
        require(
            compilation != nil,
            "advise: the model is not compiled; call compile(optimizer:loss:metrics:) first")
        guard target.metric == "loss" || metricsNames.contains(target.metric) else {
            throw TechniqueError(
                "advise: the model has no metric \"\(target.metric)\", expected one of "
                    + metricsNames.joined(separator: ", "))
        }
        let (train, validation) =
            validationData.map { (data, $0) } ?? data.split(at: 0.8)
        let advisor = Advisor(
            model: self, train: train, validation: validation, target: target, seconds: budget.seconds,
            batchSize: batchSize, epochs: epochs, seed: seed, isSilent: verbose == .silent)
        return try advisor.run()
    }
}

/// What a training is to reach.
public struct AdviceTarget: Sendable {
    let metric: String
    let value: Double
    let isLess: Bool

    /// An accuracy on the validation data, from a metric `accuracy`.
    public static func validationAccuracy(_ value: Double) -> AdviceTarget {
        metric("accuracy", atLeast: value)
    }
    /// A loss on the validation data.
    public static func validationLoss(_ value: Double) -> AdviceTarget { metric("loss", atMost: value) }
    /// A metric of the model's on the validation data, larger being better.
    public static func metric(_ name: String, atLeast value: Double) -> AdviceTarget {
        AdviceTarget(metric: name, value: value, isLess: false)
    }
    /// A metric of the model's on the validation data, smaller being better.
    public static func metric(_ name: String, atMost value: Double) -> AdviceTarget {
        AdviceTarget(metric: name, value: value, isLess: true)
    }
}

/// How long an advisor may take.
public struct AdviceBudget: Sendable {
    let seconds: Double

    public static func seconds(_ seconds: Double) -> AdviceBudget {
        require(seconds > 0 && seconds.isFinite, "AdviceBudget: \(seconds) seconds, expected more than 0")
        return AdviceBudget(seconds: seconds)
    }
    public static func minutes(_ minutes: Double) -> AdviceBudget { seconds(minutes * 60) }
}

/// What an advisor found.
public struct Advice: Sendable, CustomStringConvertible {
    /// A way to train.
    public struct Entry: Sendable {
        /// The arguments of `fit` that turn it on: `epochs: 4, techniques: [.oneCycle()]`.
        public let swift: String
        /// How many passes over the data it trains for.
        public let epochs: Int
        /// Makes its techniques anew, as each training needs its own: `fit(…, techniques: entry.techniques())`.
        public let techniques: @Sendable () -> [any Technique]
        /// How many times as fast to the target as the plain training, as the median over seeds; NaN if neither ever
        /// reached it.
        public let speedup: Double
        /// 95 % of the medians of resampled seeds.
        public let interval: (low: Double, high: Double)
        /// Seconds to the target, as the median; infinite if it was missed.
        public let seconds: Double
        /// How many trainings that is from.
        public let runs: Int
        /// The best value on validation data.
        public let best: Double
    }

    /// Those that went to the end, the fastest first; the plain training among them.
    public let ranking: [Entry]
    /// Samples of a batch, without a technique that says otherwise.
    public let batchSize: Int
    /// The line that turns the winner on; that of the plain training if nothing was faster.
    public var swift: String {
        let size = batchSize == 32 ? "" : "batchSize: \(batchSize), "
        return "try model.fit(train, \(size)\(ranking.first?.swift ?? ""))"
    }

    public var description: String {
        func text(_ number: Double, _ unit: String) -> String {
            number.isFinite ? "\((number * 100).rounded() / 100)\(unit)" : number.isNaN ? "–" : "never"
        }
        let lines = ranking.map { entry in
            let speed = entry.speedup.isFinite ? text(entry.speedup, "×") : entry.speedup.isNaN ? "–" : "∞"
            return
                "  \(entry.swift): \(speed) (\(text(entry.interval.low, "")) … \(text(entry.interval.high, ""))), "
                + "\(text(entry.seconds, " s")), best \(text(entry.best, "")), \(entry.runs) runs"
        }
        return lines.joined(separator: "\n") + "\n\n" + swift
    }
}

/// Tries techniques on a model.
private final class Advisor {
    private struct Candidate {
        let swift: String
        let epochs: Int
        let techniques: @Sendable () -> [any Technique]
        var trials: [TimeTrial] = []
    }

    let model: Model
    let train: Dataset
    let validation: Dataset
    let target: AdviceTarget
    let seconds: Double
    let batchSize: Int
    let epochs: Int
    let seed: UInt64
    let isSilent: Bool
    private let start = nanoseconds()

    init(
        model: Model, train: Dataset, validation: Dataset, target: AdviceTarget, seconds: Double,
        batchSize: Int,
        epochs: Int, seed: UInt64, isSilent: Bool
    ) {
        (self.model, self.train, self.validation, self.target) = (model, train, validation, target)
        (self.seconds, self.batchSize, self.epochs, self.seed) = (seconds, batchSize, epochs, seed)
        self.isSilent = isSilent
    }

    private var elapsed: Double { Double(nanoseconds() - start) * 1e-9 }

    private func time(_ candidate: Candidate, epochs: Int? = nil, seed: UInt64, limit: Double) throws
        -> TimeTrial
    {
        let model = model
        return try TimeTrial(
            Recipe(batchSize: batchSize, epochs: epochs ?? candidate.epochs, techniques: candidate.techniques)
            {
                try model.fresh(seed: $0)
            }, seed: seed, train: train, validation: validation, target: target.value, metric: target.metric,
            isLess: target.isLess, limit: limit)
    }

    func run() throws -> Advice {
        var plain = Candidate(swift: "epochs: \(epochs)", epochs: epochs, techniques: { [] })
        say("the plain training")
        let first = try time(plain, seed: seed, limit: seconds / 4)
        // How long, and of how many epochs, the plain training was to the target, or to its end.
        let needed = max(1, (first.points.last?.progress ?? 1) * Double(epochs))
        let plainTime = first.secondsToTarget ?? first.seconds
        var candidates = candidates(epochs: Int(needed.rounded(.up)))
        while candidates.count > 2, elapsed < seconds * 0.6 {
            let limit = min(1.5 * plainTime, (seconds * 0.7 - elapsed) / 2 / Double(candidates.count))
            var outcomes: [(index: Int, trial: TimeTrial)] = []
            for (index, candidate) in candidates.enumerated() {
                say("\(candidate.swift)")
                // As much of a training as there is time for, its schedule with it.
                let length = max(1, Int(Double(candidate.epochs) * min(1, limit / plainTime)))
                outcomes.append((index, try time(candidate, epochs: length, seed: seed, limit: limit)))
            }
            outcomes.sort {
                ($0.trial.time, -$0.trial.best, $0.index) < ($1.trial.time, -$1.trial.best, $1.index)
            }
            candidates = outcomes.prefix(max(2, candidates.count / 2)).map { candidates[$0.index] }
        }
        // Those that are left, and the plain training, in turn.
        var round: UInt64 = 0
        var longest = 0.0
        while round == 0 || (elapsed + longest < seconds && round < 20) {
            let before = elapsed
            say("\(candidates.count + 1) trainings with seed \(seed + 1 + round)")
            plain.trials.append(try time(plain, seed: seed + 1 + round, limit: 3 * plainTime))
            for index in candidates.indices {
                candidates[index].trials.append(
                    try time(candidates[index], seed: seed + 1 + round, limit: 3 * plainTime))
            }
            round += 1
            longest = max(longest, elapsed - before)
        }
        let times = plain.trials.map(\.time)
        let entries = ([plain] + candidates).map { candidate in
            let ratio = PairedRatio(baseline: times, other: candidate.trials.map(\.time))
            let (low, high) = ratio.interval()
            let best = PairedRatio.median(candidate.trials.map(\.best))
            return Advice.Entry(
                swift: candidate.swift, epochs: candidate.epochs, techniques: candidate.techniques,
                speedup: ratio.median, interval: (low, high),
                seconds: PairedRatio.median(candidate.trials.map(\.time)), runs: candidate.trials.count,
                best: target.isLess ? -best : best)
        }
        return Advice(
            ranking: entries.enumerated().sorted { a, b in
                // What never reached the target comes last, in order.
                let (x, y) = (
                    a.element.speedup.isNaN ? 0 : a.element.speedup,
                    b.element.speedup.isNaN ? 0 : b.element.speedup
                )
                return (x, b.offset) > (y, a.offset)
            }.map { $0.element }, batchSize: batchSize)
    }

    private func say(_ what: String) {
        if !isSilent { Console.warn("advise, after \(Int(elapsed)) of \(Int(seconds)) s: \(what)") }
    }

    /// The techniques that fit the model, each with a training as long as the plain one's and one half as long.
    private func candidates(epochs: Int) -> [Candidate] {
        typealias Way = (swift: String, make: @Sendable () -> [any Technique])
        let large = batchSize * 4
        var ways: [Way] = [
            (".cosineDecay()", { [.cosineDecay()] }), (".oneCycle()", { [.oneCycle()] }),
            (".ema(0.99, every: 4)", { [.ema(0.99, every: 4)] }),
            (".batchSize(\(large)), .cosineDecay()", { [.batchSize(large), .cosineDecay()] }),
            (".growingData(from: 0.1), .cosineDecay()", { [.growingData(from: 0.1), .cosineDecay()] }),
            (".infoBatch(), .cosineDecay()", { [.infoBatch(), .cosineDecay()] }),
            (".selectiveBackprop(), .cosineDecay()", { [.selectiveBackprop(), .cosineDecay()] }),
            (".randomSubsets(0.5), .oneCycle()", { [.randomSubsets(0.5), .oneCycle()] }),
        ]
        // A peak above the compiled rate often is what a cycle is for.
        if let rate = model.optimizer?.constantLearningRate {
            ways.append((".oneCycle(peak: \(rate * 3))", { [.oneCycle(peak: rate * 3)] }))
        }
        return ways.flatMap { way in
            Set([epochs, max(1, (epochs + 1) / 2)]).sorted(by: >).map { length in
                Candidate(
                    swift: "epochs: \(length), techniques: [\(way.swift)]", epochs: length,
                    techniques: way.make)
            }
        }
    }
}
