import Citius
import CitiusExampleSupport
import CitiusPlatform
import CitiusTechniques

/// Which techniques bring the document's network to a target fastest: times are compared under rules after AlgoPerf (Dahl
/// et al. 2023, arXiv 2306.07179).
///
/// - The target is an accuracy on validation data; the test data is only reported on.
/// - The clock runs from the making of the model and counts what a technique prepares; an evaluation stops it.
/// - A run that does not reach the target took for ever.
/// - Every arm, the baseline too, has as many trials of learning rate and length, on a seed that is used for nothing else,
///   and a learning rate that is decayed at the end.
/// - Arms run in turn, seed by seed, each time in another order.
struct Study {
    struct Options: Sendable {
        var seeds = 10
        var firstSeed: UInt64 = 1
        var trials = 4
        var target = 0.9
        var samples = 50_000
        var validationSamples = 10_000
        var batchSize = 32
        var isQuick = false
        /// Seconds after which no further seed is begun.
        var limit = Double.infinity

        /// What runs must have in common to be of one study.
        var description: String {
            "target \(target), \(samples)+\(validationSamples) samples, batch \(batchSize), \(trials) trials, "
                + "quick \(isQuick), threads \(Threads.count)"
        }
    }

    /// What is known of an arm.
    struct Result: Codable {
        let name: String
        let swift: String
        let source: String
        let setting: StudySetting
        /// A run for each seed.
        let runs: [TimeTrial]
        /// The baseline's time divided by this arm's.
        let ratio: Double
        let low: Double
        let high: Double
        let signTest: Double

        var missed: Int { runs.filter { $0.secondsToTarget == nil }.count }
        /// Of all runs.
        var medianTime: Double { median(runs.map(\.time)) }
        var medianBest: Double { median(runs.map(\.best)) }
        var medianTest: Double { median(runs.compactMap(\.testValue)) }
    }

    let options: Options
    let arms: [StudyArm]
    let train: Dataset
    let validation: Dataset
    let test: Dataset
    let log: StudyLog

    private let start = steadySeconds()

    init(_ options: Options, arms: [StudyArm], log: StudyLog, data folder: String?) throws {
        (self.options, self.arms, self.log) = (options, arms, log)
        let (all, test) = try FashionMNIST.load(from: folder)
        let count = min(options.samples + options.validationSamples, all.count)
        let kept = max(1, count - options.validationSamples)
        train = all.subset(0..<kept)
        // The last ones, so that fewer samples have the same validation.
        validation = all.subset(all.count - min(options.validationSamples, all.count - kept)..<all.count)
        self.test = test
    }

    // MARK: Phases

    func run() throws -> (ranking: [Result], combination: Combination?) {
        let all = [StudyArm.baseline] + arms
        let progress = StudyProgress(total: all.count * (options.trials + options.seeds))
        let settings = try tune(all, progress)
        let seeds = try measure(all, settings, progress)
        let results = Dictionary(
            uniqueKeysWithValues: all.map { arm in
                (
                    arm.name,
                    result(of: arm, settings[arm.name]!, seeds, against: StudyArm.baseline, settings)
                )
            })
        let ranking = all.compactMap { results[$0.name] }.sorted { ($0.ratio, $1.name) > ($1.ratio, $0.name) }
        let combination = try combine(ranking, settings, seeds)
        complain("")
        return (ranking, combination)
    }

    /// One run, or what the log has of it.
    private func time(
        _ arm: StudyArm, _ setting: StudySetting, seed: UInt64, phase: String, reportsTest: Bool = false
    ) throws -> TimeTrial {
        let name = "\(phase) \(arm.name), \(setting.description), seed \(seed)"
        if let done = log[name] { return done }
        let trial = try TimeTrial(
            arm.recipe(setting, batchSize: options.batchSize), seed: seed, train: train,
            validation: validation,
            target: options.target, evaluations: options.isQuick ? 3 : 4, test: reportsTest ? test : nil)
        try log.add(trial, run: name)
        return trial
    }

    /// The setting of each arm that reaches the target soonest; if none does, the one that comes closest.
    private func tune(_ arms: [StudyArm], _ progress: StudyProgress) throws -> [String: StudySetting] {
        var best: [String: (setting: StudySetting, trial: TimeTrial)] = [:]
        for setting in StudySetting.trials(options.trials, quick: options.isQuick) {
            for arm in arms {
                progress.begin("tuning \(arm.name): \(setting.description)")
                let trial = try time(arm, setting, seed: 1_000_000, phase: "tune")
                progress.end()
                if let other = best[arm.name]?.trial, (trial.time, -trial.best) >= (other.time, -other.best) {
                    continue
                }
                best[arm.name] = (setting, trial)
            }
        }
        return best.mapValues { $0.setting }
    }

    /// The seeds that were run.
    private func measure(
        _ arms: [StudyArm], _ settings: [String: StudySetting], _ progress: StudyProgress
    ) throws -> [UInt64] {
        var seeds: [UInt64] = []
        for number in 0..<options.seeds {
            if number >= 2, steadySeconds() - start > options.limit { break }
            let seed = options.firstSeed + UInt64(number)
            // Each seed in another order, so that no arm always runs on a machine that another one left warm.
            for place in arms.indices {
                let arm = arms[(place + number) % arms.count]
                progress.begin("\(arm.name), seed \(seed)")
                _ = try time(arm, settings[arm.name]!, seed: seed, phase: "measure", reportsTest: true)
                progress.end()
            }
            seeds.append(seed)
        }
        return seeds
    }

    private func result(
        of arm: StudyArm, _ setting: StudySetting, _ seeds: [UInt64], against other: StudyArm,
        _ settings: [String: StudySetting]
    ) -> Result {
        func runs(_ arm: StudyArm, _ setting: StudySetting) -> [TimeTrial] {
            seeds.compactMap { log["measure \(arm.name), \(setting.description), seed \($0)"] }
        }
        let own = runs(arm, setting)
        let theirs = settings[other.name].map { runs(other, $0) } ?? []
        let ratio = PairedRatio(baseline: theirs.map(\.time), other: own.map(\.time))
        let (low, high) = ratio.interval()
        return Result(
            name: arm.name, swift: arm.swift, source: arm.source, setting: setting, runs: own,
            ratio: ratio.median, low: low, high: high, signTest: ratio.signTest)
    }

    // MARK: Combinations

    /// The best combination that was found, and what it is without each of its parts.
    struct Combination: Codable {
        let parts: [String]
        let result: Result
        /// The ratio to the baseline of the combination without each part: a part that it does not need, or that hinders
        /// the others, leaves a larger one.
        let without: [String: Result]
    }

    /// Takes the best arm, adds the next one if the two are faster than what there is, and so on; then takes each part out
    /// again, to see whether the parts need each other.
    private func combine(
        _ ranking: [Result], _ settings: [String: StudySetting], _ seeds: [UInt64]
    ) throws -> Combination? {
        var settings = settings
        let faster = ranking.filter { $0.ratio > 1 && $0.name != StudyArm.baseline.name }
        let candidates = faster.compactMap { result in arms.first { $0.name == result.name } }
            .prefix(options.isQuick ? 3 : 6)
        guard let first = candidates.first else { return nil }
        var parts = [first]
        var best = first
        func isOver() -> Bool { steadySeconds() - start > options.limit }
        func run(_ arm: StudyArm, _ setting: StudySetting) throws {
            settings[arm.name] = setting
            for seed in seeds {
                complain("combination: \(arm.name), seed \(seed)")
                _ = try time(arm, setting, seed: seed, phase: "measure", reportsTest: true)
            }
        }
        for candidate in candidates.dropFirst() where !isOver() {
            guard let both = StudyArm.combined(parts + [candidate]) else { continue }
            // With the setting of the quicker of the two: there are no further trials.
            try run(both, settings[best.name]!)
            let gain = result(of: both, settings[both.name]!, seeds, against: best, settings)
            if gain.ratio > 1 { (best, parts) = (both, parts + [candidate]) }
        }
        var without: [String: Result] = [:]
        if parts.count > 1 {
            for part in parts where !isOver() {
                guard let rest = StudyArm.combined(parts.filter { $0.name != part.name }) else { continue }
                // A rest of one part has runs of its own already.
                if parts.count > 2 { try run(rest, settings[best.name]!) }
                without[part.name] = result(
                    of: rest, settings[rest.name]!, seeds, against: StudyArm.baseline, settings)
            }
        }
        return Combination(
            parts: parts.map(\.name),
            result: result(of: best, settings[best.name]!, seeds, against: StudyArm.baseline, settings),
            without: without)
    }
}

/// Says what runs, and when the runs will be over.
final class StudyProgress {
    private let total: Int
    private var done = 0
    /// Runs that the log did not know, and their seconds.
    private var measured = (count: 0, seconds: 0.0)
    private var runStart = 0.0

    init(total: Int) { self.total = total }

    func begin(_ what: String) {
        runStart = steadySeconds()
        let rest = measured.seconds / Double(max(1, measured.count)) * Double(total - done)
        complain(
            "\(done + 1) of \(total) runs: \(what)"
                + (measured.count > 0 ? "; about \(Int(rest.rounded(.up))) s left, and the combinations" : "")
        )
    }

    func end() {
        done += 1
        let seconds = steadySeconds() - runStart
        // Runs that the log knew take no time.
        if seconds > 0.01 { measured = (measured.count + 1, measured.seconds + seconds) }
    }
}
