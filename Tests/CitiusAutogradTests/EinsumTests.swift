import CitiusAutograd
import CitiusTestSupport
import Testing

@Suite struct EinsumTests {
    /// The definition: a loop over all indices. Letters only.
    private func naive(_ equation: String, _ operands: [Tensor]) -> Tensor {
        let sides = equation.split(separator: "->", omittingEmptySubsequences: false).map(String.init)
        let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false).map { Array($0) }
        var sizes: [Character: Int] = [:]
        for (term, operand) in zip(terms, operands) {
            for (letter, size) in zip(term, operand.shape.sizes) {
                sizes[letter] = max(size, sizes[letter] ?? 1)
            }
        }
        let output = Array(sides[1])
        let letters = output + sizes.keys.filter { !output.contains($0) }.sorted()
        let values = operands.map { $0.elements(as: Double.self) }
        let outer = output.reduce(1) { $0 * (sizes[$1] ?? 1) }
        let all = letters.reduce(1) { $0 * (sizes[$1] ?? 1) }
        var result = [Double](repeating: 0, count: outer)
        for flat in 0..<all {
            var (rest, place) = (flat, [Character: Int]())
            for letter in letters.reversed() {
                place[letter] = rest % (sizes[letter] ?? 1)
                rest /= sizes[letter] ?? 1
            }
            var product = 1.0
            for (number, term) in terms.enumerated() {
                var index = 0
                for (letter, size) in zip(term, operands[number].shape.sizes) {
                    index = index * size + (size == 1 ? 0 : place[letter] ?? 0)
                }
                product *= values[number][index]
            }
            result[output.reduce(0) { $0 * (sizes[$1] ?? 1) + (place[$1] ?? 0) }] += product
        }
        return Tensor(result, shape: Shape(output.map { sizes[$0] ?? 1 }))
    }

    static let cases: [(String, [Shape])] = [
        ("ab,bc->ac", [[2, 3], [3, 4]]), ("ab,cb->ca", [[2, 3], [4, 3]]), ("ba,bc->ac", [[3, 2], [3, 4]]),
        ("bqd,bkd->bqk", [[2, 3, 4], [2, 5, 4]]), ("bqhd,bkhd->bhqk", [[2, 3, 2, 4], [2, 5, 2, 4]]),
        ("bhqk,bkhd->bqhd", [[2, 2, 3, 5], [2, 5, 2, 4]]), ("abc,cde->abde", [[2, 3, 4], [4, 2, 3]]),
        ("abde,dec->abc", [[2, 3, 2, 4], [2, 4, 3]]), ("a,b->ab", [[3], [4]]), ("a,a->", [[3], [3]]),
        ("ab,ab->ab", [[2, 3], [2, 3]]), ("ab,b->ab", [[2, 3], [3]]), ("ab->ba", [[2, 3]]),
        ("abc->b", [[2, 3, 4]]), ("ab->", [[2, 3]]), ("aa->a", [[3, 3]]), ("aa->", [[3, 3]]),
        ("aba,ac->bc", [[3, 2, 3], [3, 4]]), ("ab,bc,cd->ad", [[2, 3], [3, 4], [4, 2]]),
        ("ab,bc,cd->acd", [[2, 3], [3, 4], [4, 2]]), ("abx,bcy->ac", [[2, 3, 2], [3, 4, 2]]),
        ("ab,bc->ac", [[2, 1], [3, 4]]), ("ab,ab->a", [[2, 3], [2, 1]]),
        ("abcd,bd->ac", [[2, 3, 2, 4], [3, 4]]),
        ("ab,ab,ab->b", [[2, 3], [2, 3], [2, 3]]), (",a->a", [[], [3]]),
    ]

    @Test(arguments: cases) func definition(equation: String, shapes: [Shape]) {
        let operands = shapes.enumerated().map { randomTensor($1, seed: UInt64($0 + 1)) }
        let expected = naive(equation, operands)
        expectClose(
            Variable.einsum(equation, operands.map { Variable($0) }).value, expected, absolute: 1e-12,
            equation)
        checkGradients(at: operands) { Variable.einsum(equation, $0) }
    }

    @Test func ellipsesBroadcast() {
        let (a, b) = (randomTensor([2, 3, 4, 5], seed: 1), randomTensor([3, 5, 2], seed: 2))
        let product = Tensor.einsum("...ij,...jk->...ik", a, b)
        expectClose(product, a.matmul(b), absolute: 1e-12)
        expectClose(
            Tensor.einsum("i...,i...->...", a, randomTensor([2, 1, 4, 5], seed: 3)),
            (a * randomTensor([2, 1, 4, 5], seed: 3)).sum(axes: [0]), absolute: 1e-12)
        #expect(Tensor.einsum("...ij->...ji", a) == a.transposed())
        #expect(Tensor.einsum("...->...", a) == a)
    }

    @Test func withoutAnArrow() {
        let (a, b) = (randomTensor([2, 3], seed: 1), randomTensor([3, 4], seed: 2))
        expectClose(Tensor.einsum("cb,ba", a, b), a.matmul(b).transposed(), absolute: 1e-12)
        #expect(Tensor.einsum("ba", a) == a.transposed())
        expectClose(Tensor.einsum("...b,...b", a, a), (a * a).sum(axes: [1]), absolute: 1e-12)
    }

    @Test func integers() {
        let a = Tensor([[1, 2], [3, 4]])
        #expect(Tensor.einsum("ij,jk->ik", a, a) == Tensor([[7, 10], [15, 22]]))
        #expect(Tensor.einsum("ii->", a) == Tensor(5))
    }

    @Test func tensordot() {
        let (a, b) = (randomTensor([2, 3, 4], seed: 1), randomTensor([3, 4, 5], seed: 2))
        expectClose(a.tensordot(b), Tensor.einsum("abc,bcd->ad", a, b), absolute: 1e-12)
        expectClose(a.tensordot(b, axes: 0), Tensor.einsum("abc,def->abcdef", a, b), absolute: 1e-12)
        expectClose(
            a.tensordot(b, axes: ([2, 1], [1, 0])), Tensor.einsum("abc,bcd->ad", a, b), absolute: 1e-12)
        expectClose(a.tensordot(b, axes: ([-1], [1])), Tensor.einsum("abc,dce->abde", a, b), absolute: 1e-12)
        checkGradients(at: [a, b]) { $0[0].tensordot($0[1], axes: ([1], [0])) }
    }

    @Test func faultsTrap() async {
        let ranks = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.einsum("abc,cd->abd", Tensor(zeros: [2, 3]), Tensor(zeros: [3, 4]))
        }
        let text = String(decoding: ranks?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("einsum \"abc,cd->abd\": \"abc\" has 3 axes, the operand 2"))
        let sizes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Tensor.einsum("ab,bc->ac", Tensor(zeros: [2, 3]), Tensor(zeros: [4, 5]))
        }
        let second = String(decoding: sizes?.standardErrorContent ?? [], as: UTF8.self)
        #expect(second.contains("axes of one letter have sizes 3 and 4"))
    }

    @Test(
        arguments: [
            ("ab,bc->ac", [2], "2 operands"), ("a1->a", [2], "letters"), ("ab->abb", [2], "twice"),
            ("ab->c", [2], "no operand"), ("a...b...->a", [3], "letters"), ("ab->a->b", [2], "2 operands"),
        ] as [(String, [Int], String)]) func faults(equation: String, ranks: [Int], expected: String)
    {
        let fault = EinsumEquation(equation, ranks: ranks).fault
        #expect(fault != nil)
        if expected != "2 operands" { #expect(fault?.contains(expected) == true, "\(fault ?? "")") }
    }
}
