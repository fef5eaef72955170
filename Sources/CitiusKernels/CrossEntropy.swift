import CitiusSIMD

/// Softmax and cross-entropy in one: for each row of logits [rows, classes] with its class's number,
///
/// ```
/// loss = log Σ exp(logitⱼ) − logit[label],    probability = softmax(logits)
/// ```
///
/// by way of the row's largest logit, so that nothing overflows. Labels must be below `classes`.
@specialized(where T == Float)
@specialized(where T == Double)
package func softmaxCrossEntropy<T: KernelReal>(
    logits: UnsafePointer<T>, labels: UnsafePointer<Int32>, rows: Int, classes: Int,
    losses: UnsafeMutablePointer<T>, probabilities: UnsafeMutablePointer<T>
) {
    let span = Span(
        "softmax cross-entropy \(rows)×\(classes)", elements: 2 * rows * classes,
        elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    if T.self == Float.self {
        let kernel = InstructionSet.chosen.kernels.softmax_cross_entropy
        ThreadPool.shared.forRanges(of: rows, grain: max(1, 4_096 / max(1, classes))) { range in
            let start = range.lowerBound * classes
            kernel?(
                floats(logits) + start, labels + range.lowerBound, range.count, classes,
                mutableFloats(losses) + range.lowerBound, mutableFloats(probabilities) + start)
        }
        return
    }
    ThreadPool.shared.forRanges(of: rows, grain: max(1, 4_096 / max(1, classes))) { range in
        for row in range {
            let line = logits + row * classes
            let out = probabilities + row * classes
            var largest = line[0]
            for index in 1..<max(1, classes) where line[index] > largest { largest = line[index] }
            let sum = pairwiseSum(classes) { index in
                let power = T.exp(line[index] - largest)
                out[index] = power
                return power
            }
            let scale = 1 / sum
            for index in 0..<classes { out[index] *= scale }
            losses[row] = T.log(sum) + largest - line[Int(labels[row])]
        }
    }
}

/// Writes the labels as numbers of classes.
///
/// - Returns: the first row whose label is no class, nil if all are.
@specialized(where T == Int32)
@specialized(where T == Int64)
@specialized(where T == UInt8)
package func classNumbers<T: KernelNumber>(
    _ labels: UnsafePointer<T>, count: Int, below classes: Int, to out: UnsafeMutablePointer<Int32>
) -> Int? {
    for row in 0..<count {
        let label = labels[row].asInt64
        if label < 0 || label >= Int64(classes) { return row }
        out[row] = Int32(truncatingIfNeeded: label)
    }
    return nil
}

/// dlogits[row, j] ← dloss[row] · (probability[row, j] − [j is the row's label]).
@specialized(where T == Float)
@specialized(where T == Double)
package func softmaxCrossEntropyGradient<T: KernelReal>(
    probabilities: UnsafePointer<T>, labels: UnsafePointer<Int32>, lossGradient: UnsafePointer<T>,
    rows: Int, classes: Int, logitGradient: UnsafeMutablePointer<T>
) {
    let span = Span(
        "softmax cross-entropy's gradient \(rows)×\(classes)", elements: 2 * rows * classes,
        elementBytes: MemoryLayout<T>.size)
    defer { span.end() }
    ThreadPool.shared.forRanges(of: rows, grain: max(1, 16_384 / max(1, classes))) { range in
        for row in range {
            let out = logitGradient + row * classes
            let probability = probabilities + row * classes
            let weight = lossGradient[row]
            for index in 0..<classes { out[index] = weight * probability[index] }
            out[Int(labels[row])] -= weight
        }
    }
}
