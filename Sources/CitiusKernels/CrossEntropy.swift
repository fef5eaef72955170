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
    ThreadPool.shared.forRanges(of: rows, grain: max(1, 4_096 / max(1, classes))) { range in
        for row in range {
            let line = logits + row * classes
            let out = probabilities + row * classes
            var largest = line[0]
            for index in 1..<max(1, classes) where line[index] > largest { largest = line[index] }
            var sum: T = 0
            for index in 0..<classes {
                out[index] = T.exp(line[index] - largest)
                sum += out[index]
            }
            let scale = 1 / sum
            for index in 0..<classes { out[index] *= scale }
            losses[row] = T.log(sum) + largest - line[Int(labels[row])]
        }
    }
}

/// dlogits[row, j] ← dloss[row] · (probability[row, j] − [j is the row's label]).
@specialized(where T == Float)
@specialized(where T == Double)
package func softmaxCrossEntropyGradient<T: KernelReal>(
    probabilities: UnsafePointer<T>, labels: UnsafePointer<Int32>, lossGradient: UnsafePointer<T>,
    rows: Int, classes: Int, logitGradient: UnsafeMutablePointer<T>
) {
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
