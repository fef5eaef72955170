import CitiusData
import CitiusTensor

extension Dataset {
    /// The class of each sample, from labels or one-hot targets of the first output; nil if the targets are no classes.
    var classes: [Int]? {
        let targets = targets
        guard !isEmpty else { return [] }
        let each = targets.count / targets.shape[0]
        let labels: Tensor
        if each == 1 {
            let numbers = targets.flattened().cast(to: .float64)
            // Numbers that are not whole are values, not classes.
            guard numbers.elements(as: Double.self).allSatisfy({ $0 >= 0 && $0 == $0.rounded() }) else {
                return nil
            }
            labels = numbers
        } else {
            guard targets.rank == 2 else { return nil }
            labels = targets.cast(to: .float32).argMax(axis: -1)
        }
        return labels.cast(to: .int64).elements(as: Int64.self).map { Int($0) }
    }

    /// The samples of each class. Throws if the targets are no classes.
    func samplesByClass(for technique: String) throws(TechniqueError) -> [[Int]] {
        guard let classes else {
            throw TechniqueError(
                "\(technique) needs classes as targets, and the targets are \(targets.shape) of numbers")
        }
        var byClass = [Int: [Int]]()
        for (sample, label) in classes.enumerated() { byClass[label, default: []].append(sample) }
        return byClass.sorted { $0.key < $1.key }.map { $0.value }
    }
}

extension Tensor {
    /// Targets as probabilities `[batch, classes]`: labels become one-hot.
    func probabilities(classes: Int) -> Tensor {
        count == shape[0]
            ? flattened().cast(to: .int64).oneHot(classes)
            : cast(to: .float32)
    }
}
