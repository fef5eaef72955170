import CitiusKernels
import CitiusPlatform
import CitiusTensor

extension Variable {
    /// The cross-entropy of softmax(logits) with one class a row, row by row, without ever forming a
    /// probability that could round to 0:
    ///
    /// ```
    /// loss[n] = log Σⱼ exp(logit[n, j]) − logit[n, label[n]]
    /// ```
    ///
    /// - Parameters: `self` holds the logits, [batch, …, classes]; `labels` the classes' numbers, of any
    ///   integer type, one a row: [batch, …] or [batch, …, 1].
    /// - Returns: [batch, …].
    ///
    /// Traps if the shapes do not fit or a label is no class.
    public func sparseSoftmaxCrossEntropy(labels: Tensor) -> Variable {
        require(
            shape.rank >= 1 && shape[-1] > 0,
            "sparseSoftmaxCrossEntropy: logits \(shape), expected [batch, …, classes]")
        let classes = shape[-1]
        let lossShape = Shape(Array(shape.sizes.dropLast()))
        require(
            labels.count == lossShape.count,
            "sparseSoftmaxCrossEntropy: \(labels.count) labels for logits \(shape), expected \(lossShape.count)"
        )
        let rows = lossShape.count
        let labels = labels.classNumbers(below: classes, "sparseSoftmaxCrossEntropy")
        let input = self

        func apply<T: RealScalar>(_ type: T.Type) -> Variable {
            var probabilities = Tensor(uninitialized: input.shape, dtype: T.dtype)
            let losses = Tensor(shape: lossShape) { (losses: UnsafeMutablePointer<T>) in
                input.value.withElements { logits in
                    probabilities.withMutableElements { probabilities in
                        softmaxCrossEntropy(
                            logits: logits, labels: labels, rows: rows, classes: classes, losses: losses,
                            probabilities: probabilities)
                    }
                }
            }
            return Variable(losses, computedFrom: input) { [probabilities] cotangent in
                let gradient = Tensor(shape: input.shape) { (out: UnsafeMutablePointer<T>) in
                    probabilities.withElements { probabilities in
                        cotangent.withElements { cotangent in
                            softmaxCrossEntropyGradient(
                                probabilities: probabilities, labels: labels, lossGradient: cotangent,
                                rows: rows, classes: classes, logitGradient: out)
                        }
                    }
                }
                return [gradient]
            }
        }
        return apply(dtype.realType(for: "sparseSoftmaxCrossEntropy"))
    }
}

extension Tensor {
    /// The elements as numbers of classes. Traps if they are not integers or if one is outside.
    func classNumbers(below classes: Int, _ operation: String) -> [Int32] {
        require(
            !dtype.isFloatingPoint && dtype != .bool,
            "\(operation): labels are \(dtype), expected integers")
        func read<T: NumberScalar>(_ type: T.Type) -> [Int32] {
            withElements { (labels: UnsafePointer<T>) in
                [Int32](unsafeUninitializedCapacity: count) { numbers, initializedCount in
                    initializedCount = count
                    guard let out = numbers.baseAddress else { return }
                    if let row = CitiusKernels.classNumbers(labels, count: count, below: classes, to: out) {
                        fail(
                            """
                            \(operation): label \(labels[row].asInt64) in row \(row) is outside \
                            the \(classes) classes
                            """)
                    }
                }
            }
        }
        return read(dtype.numberType(for: "sparseSoftmaxCrossEntropy"))
    }
}
