import CitiusAutograd
import CitiusTensor

/// The axes that a normalization's configuration names, counted with the batch's axis, as Keras does.
struct NormalizedAxes {
    /// Of a sample's axes, without the batch's, ascending.
    let axes: [Int]

    /// What is wrong with the axes for samples of a shape, in words that follow the layer's name; nil if nothing is.
    static func fault(_ list: AxisList, of sample: Shape) -> String? {
        let rank = sample.rank + 1
        if list.numbers.isEmpty { return "axis is [], expected at least one" }
        for axis in list.numbers where !(1 - rank..<rank).contains(axis) || axis == 0 {
            return
                "axis is \(axis), expected one of the samples' \(sample.rank), 1 to \(rank - 1) or -1 to \(1 - rank)"
        }
        return Set(list.numbers.map { $0 < 0 ? $0 + rank : $0 }).count == list.numbers.count
            ? nil : "axis is \(list.numbers), expected different ones"
    }

    /// Of axes without a fault.
    init(_ list: AxisList, of sample: Shape) {
        axes = list.numbers.map { $0 < 0 ? $0 + sample.rank : $0 - 1 }.sorted()
    }

    /// The axes with the batch's before them.
    var ofBatch: [Int] { axes.map { $0 + 1 } }

    /// The sizes of a sample's axes that are named.
    func sizes(of sample: Shape) -> Shape { Shape(axes.map { sample.sizes[$0] }) }

    /// The fault of samples whose axes are not those that a layer was built for.
    static func fault(_ list: AxisList, of sample: Shape, builtFor built: Shape?) -> String? {
        if let fault = fault(list, of: sample) { return fault }
        guard let built else { return nil }
        guard built.rank == sample.rank else {
            return
                "samples of shape \(sample), expected as many axes as in the \(built) that it was built for"
        }
        let axes = NormalizedAxes(list, of: sample)
        return axes.sizes(of: sample) == axes.sizes(of: built)
            ? nil
            : "samples of shape \(sample), whose axes \(list.numbers) are not those of the \(built) that it was built for"
    }
}
