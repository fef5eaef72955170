import CitiusAutograd
import CitiusTensor
import CitiusTestSupport
import Foundation
import Testing

@testable import CitiusModels

/// The losses of labels without alignment and of embeddings.
@Suite struct SequenceLossTests {
    let logits = randomTensor([4, 4, 3], in: -2..<2, seed: 21)
    let labels = Tensor([1, 2, 2, 2, 1, 0, 0, 0] as [Int64], shape: [4, 2])

    /// Beside the sum over all ways that say the labels.
    @Test func ctcIsTheSumOfAllWays() {
        let losses = Loss.ctc.losses(Variable(logits), labels).value.elements(as: Double.self)
        let probabilities = logits.softmax().elements(as: Double.self)
        for (sample, wanted) in [[1, 2], [2, 2], [1], []].enumerated() {
            var total = 0.0
            for way in 0..<81 {
                let said = [way / 27, way / 9 % 3, way / 3 % 3, way % 3]
                var read: [Int] = []
                for (step, label) in said.enumerated()
                where label != 0 && (step == 0 || said[step - 1] != label) {
                    read.append(label)
                }
                guard read == wanted else { continue }
                total += said.enumerated().reduce(1) { $0 * probabilities[(sample * 4 + $1.0) * 3 + $1.1] }
            }
            #expect(abs(losses[sample] + log(total)) < 1e-12, "sample \(sample)")
        }
    }

    @Test func gradients() {
        checkGradients(at: [logits]) { Loss.ctc.losses($0[0], labels) }
        let embeddings = randomTensor([5, 3], in: -1..<1, seed: 22)
        checkGradients(at: [embeddings]) {
            Loss.circle(gamma: 4).losses($0[0], Tensor([0, 1, 0, 1, 1] as [Int64]))
        }
    }

    /// Too few steps: infinite, and nothing to learn from it; the other samples learn.
    @Test func labelsThatDoNotFit() {
        let short = randomTensor([2, 2, 3], in: -1..<1, seed: 23)
        let (losses, gradient) = valueWithGradient(at: short) {
            Loss.ctc.losses($0, Tensor([1, 1, 1, 2] as [Int64], shape: [2, 2])).sum()
        }
        #expect(losses.scalar == .infinity)
        #expect(gradient[0].elements(as: Double.self).allSatisfy { $0 == 0 })
        #expect(gradient[1].elements(as: Double.self).allSatisfy { $0.isFinite && $0 != 0 })
    }

    /// A long sequence, whose probability no number could hold.
    @Test func longSequences() {
        let long = randomTensor([1, 2000, 5], in: -3..<3, seed: 24).cast(to: .float32)
        let labels = Tensor((0..<300).map { Int64($0 % 4 + 1) }, shape: [1, 300])
        let (loss, gradient) = valueWithGradient(at: long) { Loss.ctc($0, labels) }
        #expect(loss.scalar > 700 && loss.scalar.isFinite)
        // Each step's gradient sums to 0, as that of a softmax does.
        #expect(gradient.sum(axes: [2]).abs().max().scalar < 1e-5)
    }
}
