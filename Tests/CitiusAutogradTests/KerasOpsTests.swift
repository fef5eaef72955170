import CitiusAutograd
import CitiusTestSupport
import Testing

/// Functions of `keras.ops` against Keras (Tests/Golden/ops.py), and their gradients.
@Suite struct KerasOpsTests {
    private func golden(_ name: String) throws -> GoldenCase {
        try #require(GoldenFile.load("ops").cases.first { $0.name == name })
    }

    private func check(_ actual: Tensor, _ golden: GoldenCase, _ name: String = "output") {
        expectClose(actual, golden.tensor(name), absolute: 1e-10, relative: 1e-10, "\(golden) \(name)")
    }

    @Test func making() throws {
        check(Tensor(identity: 3, columns: 5, diagonal: 1, dtype: .float64), try golden("eye"))
        #expect(Tensor(identity: 3, columns: 3) == Tensor(identity: 3))
        #expect(
            Tensor(identity: 2, columns: 3, diagonal: -1)
                == Tensor([[0, 0, 0], [1, 0, 0]], dtype: .float32))
        let linspace = try golden("linspace")
        check(Tensor(linspace: -1.5, 2, count: 7, dtype: .float64), linspace)
        check(Tensor(linspace: -1.5, 2, count: 7, includesEnd: false, dtype: .float64), linspace, "open")
        #expect(Tensor(linspace: 3, 9, count: 1) == Tensor([3], dtype: .float32))
        #expect(Tensor(linspace: 3, 9, count: 0).shape == [0])
        let integers = Tensor([[1, 2], [3, 4]])
        #expect(Tensor(zerosLike: integers) == integers * 0 && Tensor(onesLike: integers) == integers * 0 + 1)
    }

    @Test func measures() throws {
        let psnr = try golden("psnr")
        let (x, y) = (psnr.tensor("x"), psnr.tensor("y"))
        check(Variable(x).psnr(Variable(y), maximum: 2).value, psnr)
        check(x.psnr(y, maximum: 2), psnr)
        checkGradients(at: [x, y]) { $0[0].psnr($0[1], maximum: 2) }
        let rsqrt = try golden("rsqrt")
        check(Variable(rsqrt.tensor("x")).rsqrt().value, rsqrt)
        checkGradients(at: [randomTensor([3, 4], in: 0.5..<2, seed: 1)]) { $0[0].rsqrt() }
        let moments = try golden("moments")
        let (mean, variance) = Variable(moments.tensor("x")).moments(axes: [0, 2])
        check(mean.value, moments, "mean")
        check(variance.value, moments, "variance")
    }

    @Test func norms() throws {
        let golden = try golden("norm")
        let x = golden.tensor("x")
        check(x.norm(), golden, "all")
        check(x.norm(axes: [-1], keepingAxes: true), golden, "rows")
        check(x.norm(axes: [0, 2]), golden, "frobenius")
        for (order, name) in [
            (1, "one"), (3, "three"), (0, "zero"), (.infinity, "largest"), (-.infinity, "smallest"),
        ]
            as [(Double, String)]
        {
            check(x.norm(order: order, axes: [1]), golden, name)
            if order != 0 { checkGradients(at: [x]) { $0[0].norm(order: order, axes: [1]) } }
        }
        checkGradients(at: [x]) { $0[0].norm(axes: [1, 2]) }
        checkGradients(at: [x]) { $0[0].norm(axes: [1], keepingAxes: true) }
        let tape = Tape()
        let zero = tape.watch(Tensor(zeros: [3]))
        #expect(tape.gradients(of: zero.norm())[zero] == Tensor(zeros: [3]))
    }

    @Test func movement() throws {
        let update = try golden("slice_update")
        let (x, y) = (update.tensor("x"), update.tensor("y"))
        check(x.replacingSlice(at: [1, 0, 2], with: y), update)
        check(Variable(x).replacingSlice(at: [1, 0, 2], with: Variable(y)).value, update)
        checkGradients(at: [x, y]) { $0[0].replacingSlice(at: [1, 0, 2], with: $0[1]) }
        let pad = try golden("pad")
        let widths = [(before: 1, after: 2), (0, 0), (2, 1)]
        for (mode, name) in [
            (.reflect, "reflect"), (.symmetric, "symmetric"), (.edge, "edge"), (.wrap, "wrap"),
        ]
            as [(PaddingMode, String)]
        {
            check(x.padded(widths, mode: mode), pad, name)
            checkGradients(at: [randomTensor([3, 2, 4], seed: 3)]) { $0[0].padded(widths, mode: mode) }
        }
        let parts = Variable(x).unstacked(axis: 1)
        #expect(parts.count == 4 && parts[2].value == x.sliced(2..<3, axis: 1).squeezed(axis: 1))
        #expect(x.unstacked(axis: -1).map { $0.shape } == Array(repeating: [3, 4], count: 5))
        checkGradients(at: [randomTensor([2, 3], seed: 1)]) { variables in
            let parts = variables[0].unstacked(axis: 1)
            return parts[0] * parts[2]
        }
    }

    @Test func spectra() throws {
        for (window, centers, name) in [
            (.hann, true, "hann"), (.hamming, true, "hamming"), (.rectangular, true, "rectangular"),
            (.hann, false, "uncentered"),
        ] as [(SpectralWindow, Bool, String)] {
            let golden = try golden("stft " + name)
            let (real, imaginary) = golden.tensor("x").stft(
                sequenceLength: 6, sequenceStride: 3, fftLength: 9, window: window, centers: centers)
            check(real, golden, "real")
            check(imaginary, golden, "imaginary")
        }
        checkGradients(at: [randomTensor([2, 20], seed: 1)]) {
            let (real, imaginary) = $0[0].stft(sequenceLength: 6, sequenceStride: 4, fftLength: 8)
            return real.squared() + imaginary.squared()
        }
    }

    @Test func mistakesTrap() async {
        func text(_ result: ExitTest.Result?) -> String {
            String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        }
        let slice = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor(zeros: [2, 3]).replacingSlice(at: [1, 2], with: Tensor(zeros: [1, 2]))
        }
        #expect(
            text(slice).contains("replacingSlice: float32 [1, 2] at [1, 2] does not fit into float32 [2, 3]"))
        let margin = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor(zeros: [3]).padded([(before: 3, after: 0)], mode: .reflect)
        }
        #expect(text(margin).contains("expected at most 2 for this mode"))
        let signal = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor(zeros: [3]).stft(sequenceLength: 8, sequenceStride: 4, fftLength: 8)
        }
        #expect(text(signal).contains("stft: 3 samples are too few for pieces of 8"))
    }
}
