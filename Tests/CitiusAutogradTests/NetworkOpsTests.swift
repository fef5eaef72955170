import CitiusAutograd
import CitiusTensor
import CitiusTestSupport
import Testing

/// The operations of networks: convolution, pooling, dense, normalization, dropout, cross-entropy.
@Suite struct NetworkOpsTests {
    @Test func convolutions() {
        let settings: [(Size2D, Padding, Size2D, Int)] = [
            (1, .valid, 1, 1), (2, .same, 1, 1), (Size2D(1, 2), .valid, Size2D(2, 1), 1), (1, .same, 2, 2),
            (Size2D(3, 1), .same, 1, 2),
        ]
        for (strides, padding, dilation, groups) in settings {
            for clamp in [Clamp.identity, .relu, Clamp(lower: -1, upper: 1)] {
                checkGradients(
                    at: [
                        randomTensor([2, 6, 5, 4], seed: 1),
                        randomTensor([3, 2, 4 / groups, 6], seed: 2), randomTensor([6], seed: 3),
                    ]
                ) {
                    $0[0].conv2D(
                        $0[1], bias: $0[2], strides: strides, padding: padding, dilation: dilation,
                        groups: groups, epilogue: Epilogue(clamp: clamp))
                }
            }
        }
        checkGradients(at: [randomTensor([2, 4, 4, 3], seed: 1), randomTensor([1, 1, 3, 5], seed: 2)]) {
            $0[0].conv2D($0[1])
        }
    }

    @Test func pools() {
        let x = [randomTensor([2, 7, 6, 3], seed: 1)]
        for (size, strides, padding) in [
            (2, nil, .valid), (3, 2, .same), (Size2D(2, 3), Size2D(1, 2), .valid), (6, nil, .same),
        ] as [(Size2D, Size2D?, Padding)] {
            checkGradients(at: x) { $0[0].maxPooled2D(size: size, strides: strides, padding: padding) }
            checkGradients(at: x) { $0[0].averagePooled2D(size: size, strides: strides, padding: padding) }
        }
    }

    @Test func denseProducts() {
        let arguments = [
            randomTensor([3, 2, 5], seed: 1), randomTensor([5, 4], seed: 2), randomTensor([4], seed: 3),
        ]
        checkGradients(at: arguments) { $0[0].dense($0[1], bias: $0[2]) }
        checkGradients(at: arguments) { $0[0].dense($0[1], bias: $0[2], epilogue: Epilogue(clamp: .relu6)) }
        checkGradients(at: arguments) { $0[0].dense($0[1]) + $0[2] * 0 }
        expectClose(
            Variable(arguments[0]).dense(Variable(arguments[1]), bias: Variable(arguments[2])).value,
            arguments[0].matmul(arguments[1]) + arguments[2], absolute: 1e-12)
    }

    @Test func batchNormalization() {
        let x = randomTensor([4, 3, 5], in: 3..<5, seed: 1)
        let (scale, offset) = (randomTensor([5], seed: 2), randomTensor([5], seed: 3))
        checkGradients(at: [x, scale, offset]) {
            $0[0].batchNormalized(scale: $0[1], offset: $0[2], epsilon: 1e-3).output
        }
        checkGradients(at: [x]) { $0[0].batchNormalized(scale: nil, offset: nil, epsilon: 1e-3).output }
        let (output, mean, variance) = Variable(x).batchNormalized(scale: nil, offset: nil, epsilon: 0)
        expectClose(mean, x.mean(axes: [0, 1]), absolute: 1e-12)
        expectClose(variance, x.variance(axes: [0, 1]), absolute: 1e-12)
        expectClose(output.value.variance(axes: [0, 1]), Tensor(ones: [5], dtype: .float64), absolute: 1e-9)
        checkGradients(at: [x, scale, offset]) {
            $0[0].normalized(mean: mean, variance: variance, scale: $0[1], offset: $0[2], epsilon: 1e-3)
        }
        expectClose(
            Variable(x).normalized(mean: mean, variance: variance, scale: nil, offset: nil, epsilon: 0).value,
            output.value, absolute: 1e-9)
    }

    @Test func dropoutKeepsTheExpectation() {
        var generator = RandomGenerator(seed: 3)
        let x = Tensor(ones: [100_000])
        let y = Variable(x).dropout(rate: 0.25, generator: &generator).value
        #expect(abs(y.mean().scalar - 1) < 0.01)
        #expect(abs((y .== 0).cast(to: .float32).mean().scalar - 0.25) < 0.01)
        #expect(y.max().scalar == Double(Float(1 / 0.75)))
        // The same mask going back: a fresh generator of one seed draws it again for each evaluation.
        checkGradients(at: [randomTensor([5, 7], seed: 1)]) {
            var generator = RandomGenerator(seed: 9)
            return $0[0].dropout(rate: 0.5, generator: &generator)
        }
    }

    @Test func crossEntropyFromLogits() {
        let logits = randomTensor([4, 3], in: -5..<5, seed: 1)
        let labels = Tensor([2, 0, 1, 1] as [UInt8])
        checkGradients(at: [logits]) { $0[0].sparseSoftmaxCrossEntropy(labels: labels) }
        let expected = -(logits.logSoftmax() * labels.oneHot(3, dtype: .float64)).sum(axes: [1])
        expectClose(
            Variable(logits).sparseSoftmaxCrossEntropy(labels: labels).value, expected, absolute: 1e-12)
        // Where the probability rounds to 0, the loss is still exact.
        let extreme = Tensor([1000, 0] as [Float], shape: [1, 2])
        let loss = Variable(extreme).sparseSoftmaxCrossEntropy(labels: Tensor([1] as [Int64]))
        #expect(loss.value == Tensor([1000] as [Float]))
    }

    @Test func wrongInputTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Variable(Tensor(zeros: [28, 28, 3])).conv2D(Variable(Tensor(zeros: [3, 3, 3, 8])))
        }
        let message = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(
            message.contains(
                "conv2D: input [28, 28, 3] has rank 3, expected 4 [batch, height, width, channels]"))
    }
}
