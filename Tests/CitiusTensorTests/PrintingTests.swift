import Testing

@testable import CitiusTensor

@Suite struct PrintingTests {
    @Test func alignsColumns() {
        #expect(
            Tensor([1, -2.5, 3.25, 100] as [Float], shape: [2, 2]).description
                == "[[  1.00  -2.50]\n [  3.25 100.00]]")
        #expect(Tensor([1, 20, 3] as [Int32]).description == "[ 1 20  3]")
        #expect(Tensor([true, false]).description == "[ true false]")
        #expect(Tensor(2.5 as Double).description == "2.5")
        #expect(Tensor([.nan, 1] as [Float]).description == "[nan  1.]")
        #expect(Tensor(zeros: [0]).description == "[]")
        #expect(Tensor(zeros: [2, 1, 2]).description == "[[[0. 0.]]\n\n [[0. 0.]]]")
    }

    @Test func usesPowersForExtremes() {
        #expect(Tensor([1e-10, 2] as [Double]).description == "[1.0000e-10 2.0000e+00]")
        #expect(Tensor([-3.5e20 as Double]).description == "[-3.5000e+20]")
    }

    @Test func leavesOutTheMiddle() {
        #expect(Tensor(range: 0..<2_000).description == "[   0    1    2 ... 1997 1998 1999]")
        let matrix = Tensor(range: 0..<10_000).reshaped(to: [100, 100]).description
        #expect(matrix.hasPrefix("[[   0    1    2 ...   97   98   99]\n [ 100"))
        #expect(matrix.contains("\n ...\n [9700"))
    }
}
