import CitiusPlatform
import CitiusTensor

extension Dataset {
    /// How many samples each class has: the labels that occur, with their counts.
    ///
    /// Labels are whole numbers, or one-hot rows, of which the largest number is the class. Of several targets, the first
    /// is counted. Traps unless targets are one number for each sample or one row.
    public func classCounts() -> [Int: Int] {
        var counts: [Int: Int] = [:]
        for label in labels(for: "classCounts") { counts[label, default: 0] += 1 }
        return counts
    }

    /// What a sample of each class is to count in a loss, so that every class counts the same in all: samples ÷ (classes ·
    /// samples of the class).
    ///
    /// ```swift
    /// try model.fit(train, epochs: 10, classWeight: train.balancedClassWeights())
    /// ```
    ///
    /// Follows `sklearn.utils.class_weight.compute_class_weight("balanced", …)`. Labels are as of ``classCounts()``.
    public func balancedClassWeights() -> [Int: Double] {
        let counts = classCounts()
        return counts.mapValues { Double(count) / (Double(counts.count) * Double($0)) }
    }

    /// A weight for each sample, for ``Batches/sampled(by:count:seed:)``, so that every class is drawn as often as
    /// others. Labels are as of ``classCounts()``.
    public func balancedSampleWeights() -> [Double] {
        let labels = labels(for: "balancedSampleWeights")
        let weights = balancedClassWeights()
        return labels.map { weights[$0] ?? 0 }
    }

    /// The first part of the samples and the rest, each with the same share of every class, up to one sample, in random
    /// order: `split(at: 0.8, stratifiedUsing: &generator)` gives 80 % and 20 %.
    ///
    /// Both parts together have every sample once. The parts' sizes are those of ``split(at:)``. Labels are as of
    /// ``classCounts()``. Traps outside of 0...1.
    public func split(
        at fraction: Double, stratifiedUsing generator: inout RandomGenerator
    ) -> (Dataset, Dataset) {
        require(
            fraction >= 0 && fraction <= 1, "split: the fraction is \(fraction), expected one from 0 to 1")
        let labels = labels(for: "split")
        var classes: [Int: [Int]] = [:]
        for sample in shuffledNumbers(count, using: &generator) {
            classes[labels[sample], default: []].append(sample)
        }
        // Each class gives the whole part of its share; what is missing comes from those with the largest rests.
        let names = classes.keys.sorted()
        var shares = names.map { Int(Double(classes[$0]?.count ?? 0) * fraction) }
        let rests = names.indices.map {
            Double(classes[names[$0]]?.count ?? 0) * fraction - Double(shares[$0])
        }
        let missing = Int((Double(count) * fraction).rounded()) - shares.reduce(0, +)
        let byRest = names.indices.sorted { (rests[$1], $0) < (rests[$0], $1) }
        for index in byRest.prefix(max(0, missing)) { shares[index] += 1 }
        var (first, second): ([Int], [Int]) = ([], [])
        for (name, share) in zip(names, shares) {
            let samples = classes[name] ?? []
            first += samples.prefix(share)
            second += samples.dropFirst(share)
        }
        return (
            subset(first).shuffled(using: &generator), subset(second).shuffled(using: &generator)
        )
    }

    /// Each sample's class.
    func labels(for operation: String) -> [Int] {
        let targets = heldTargets[0]
        let width = targets.rowCount
        require(
            targets.rank <= 2 || width == 1,
            "\(operation): targets have shape \(targets.shape), expected a label for each sample, or one-hot rows [samples, classes]"
        )
        let rows = self.targets
        if width != 1 {
            require(
                width > 1, "\(operation): targets have shape \(targets.shape), expected at least one class")
            return rows.argMax(axis: -1).cast(to: .int64).elements(as: Int64.self).map { Int($0) }
        }
        return rows.cast(to: .float64).elements(as: Double.self).enumerated().map { sample, label in
            require(
                isWhole(label),
                "\(operation): the target of sample \(sample) is \(label), expected a whole number, the label of a class"
            )
            return Int(label)
        }
    }
}
