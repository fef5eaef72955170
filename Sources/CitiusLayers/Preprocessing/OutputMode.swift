import CitiusPlatform
import CitiusTensor

/// How layers that number categories give these numbers out.
///
/// With D the number of categories there may be, a sample of shape […, n] becomes
///
/// | Mode | Output | |
/// |---|---|---|
/// | `int` | […, n] | the numbers, int64 |
/// | `oneHot` | […, n, D], […, D] for n = 1 | 1 at the number, 0 elsewhere |
/// | `multiHot` | […, D] | 1 at each number that occurs |
/// | `count` | […, D] | how often each occurs |
/// | `tfIDF` | […, D] | how often it occurs, times its weight: what few samples have counts most |
///
/// A sample that is a scalar counts as [1]. Numbers outside 0..<D leave zeros.
public enum OutputMode: String, Codable, Sendable, Hashable {
    case int = "int"
    case oneHot = "one_hot"
    case multiHot = "multi_hot"
    case count = "count"
    case tfIDF = "tf_idf"

    /// Keras's earlier names too.
    public init(from decoder: any Decoder) throws {
        let name = try decoder.singleValueContainer().decode(String.self)
        let current = ["binary": "multi_hot", "tf-idf": "tf_idf"][name] ?? name
        guard let mode = OutputMode(rawValue: current) else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: decoder.codingPath,
                    debugDescription:
                        "there is no output mode \"\(name)\"; known are int, one_hot, multi_hot, "
                        + "count and tf_idf."))
        }
        self = mode
    }
}

extension OutputMode {
    /// The fault of a mode that a layer does not have.
    func fault(unlessOneOf modes: [OutputMode]) -> String? {
        modes.contains(self)
            ? nil
            : "outputMode is \(rawValue), expected one of \(modes.map { $0.rawValue }.joined(separator: ", "))"
    }

    /// The shape of a sample's output, for numbers of the given shape.
    func outputShape(for sample: Shape, depth: Int) -> Shape {
        switch self {
        case .int: sample
        case .oneHot:
            Shape((sample.sizes.last == 1 ? sample.sizes.dropLast() : sample.sizes[...]) + [depth])
        case .multiHot, .count, .tfIDF: Shape(sample.sizes.dropLast() + [depth])
        }
    }

    /// The fault of an output that no machine holds.
    func fault(ofOutputFor sample: Shape, depth: Int) -> String? {
        countOfElements(outputShape(for: sample, depth: depth)) == nil
            ? "samples of shape \(sample) in \(depth) categories are larger than any memory" : nil
    }

    /// The output of a batch of numbers.
    ///
    /// - Parameters:
    ///   - indices: [batch, …], int64.
    ///   - weights: what each of them counts, of the same shape and of the type `dtype`; nil: 1. For `count` alone.
    ///   - scale: what each category's count is multiplied by.
    func encode(
        _ indices: Tensor, depth: Int, dtype: DType, weights: Tensor? = nil, scale: IndexWeights? = nil
    ) -> Tensor {
        if self == .int { return indices }
        let shape = outputShape(for: indices.shape.droppingFirst(), depth: depth)
            .prepending(indices.shape[0])
        /// The numbers that share a line of the output.
        let group = self == .oneHot ? 1 : indices.rank > 1 ? indices.shape[-1] : 1
        func make<T: RealScalar>(_ type: T.Type) -> Tensor {
            var result = Tensor(zeros: shape, dtype: T.dtype)
            let weights: [T]? = weights.map { $0.elements() }
            result.withMutableElements { (out: UnsafeMutablePointer<T>) in
                indices.withElements { (indices: UnsafePointer<Int64>) in
                    for position in 0..<(group == 0 ? 0 : shape.count / max(1, depth) * group) {
                        let index = indices[position]
                        guard index >= 0, index < Int64(depth) else { continue }
                        let place = position / group * depth + Int(index)
                        switch self {
                        case .int, .oneHot, .multiHot: out[place] = T.one
                        case .count, .tfIDF:
                            out[place] = T.sum(out[place], weights?[position] ?? T.one)
                        }
                    }
                    guard let scale else { return }
                    for place in 0..<shape.count where out[place] != T.zero {
                        out[place] = T.product(out[place], T(converting: scale[place % depth]))
                    }
                }
            }
            return result
        }
        return make(dtype.realType(for: "OutputMode"))
    }
}

/// What each index counts: one number for those in front, then one for each, then nothing.
package struct IndexWeights: Sendable {
    var frontCount = 0
    var front = 0.0
    let weights: [Double]

    subscript(index: Int) -> Double {
        if index < frontCount { return front }
        return index - frontCount < weights.count ? weights[index - frontCount] : 0
    }

    /// Those of the first indices, float32.
    func tensor(count: Int) -> Tensor { Tensor((0..<count).map { Float(self[$0]) }) }
}
