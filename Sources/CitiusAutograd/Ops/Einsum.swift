import CitiusPlatform
import CitiusTensor

// Sums of products over labelled axes. Two operands are contracted by one batched product of matrices: permuted to
// [batch, own, summed] where they are not so already. Everything is made of operations that have pullbacks, so nothing is
// to be differentiated here.

extension Variable {
    /// A sum of products, named by the axes: Einstein's convention.
    ///
    /// ```swift
    /// Variable.einsum("bqd,bkd->bqk", queries, keys)     // scores of attention
    /// Variable.einsum("ij,jk,kl->il", a, b, c)           // a chain of products
    /// Variable.einsum("...ij->...ji", x)                 // transposed matrices
    /// Variable.einsum("ii->i", x)                        // a diagonal
    /// ```
    ///
    /// Each letter names an axis. Axes of one letter are multiplied with each other, and summed over unless the letter
    /// stands behind the arrow. `...` stands for any axes, which broadcast from the last one on; so do axes of size 1.
    /// Without an arrow the letters that occur once are the result's, in alphabetical order. Operands are combined from
    /// left to right.
    ///
    /// Traps if the equation does not fit the operands. Source: `numpy.einsum`, `keras.ops.einsum`.
    public static func einsum(_ equation: String, _ operands: Variable...) -> Variable {
        einsum(equation, operands)
    }

    /// A sum of products of as many operands as there are, named by the axes.
    public static func einsum(_ equation: String, _ operands: [Variable]) -> Variable {
        let plan = EinsumEquation(equation, ranks: operands.map { $0.shape.rank })
        if let fault = plan.fault { fail("einsum \"\(equation)\": \(fault)") }
        var sizes: [EinsumEquation.Label: Int] = [:]
        for (operand, labels) in zip(operands, plan.inputs) {
            for (label, size) in zip(labels, operand.shape.sizes) {
                let known = sizes[label] ?? 1
                require(
                    known == size || known == 1 || size == 1,
                    "einsum \"\(equation)\": operands of shapes "
                        + operands.map { "\($0.shape)" }.joined(separator: ", ")
                        + ", of which axes of one letter have sizes \(known) and \(size)")
                sizes[label] = known == 1 ? size : known
            }
        }
        var terms = zip(operands, plan.inputs).map { operand, labels in
            EinsumTerm(operand, labels).withoutRepeats().withoutOnes { sizes[$0] != 1 }
        }
        var result = terms.removeFirst()
        for (index, term) in terms.enumerated() {
            let needed = Set(plan.output).union(terms[(index + 1)...].flatMap { $0.labels })
            result = result.contracted(with: term, keeping: needed)
        }
        return result.arranged(as: plan.output)
    }

    /// The sums of products over the last `axes` axes of this variable and the first of another.
    public func tensordot(_ other: Variable, axes: Int = 2) -> Variable {
        require(
            axes >= 0 && axes <= shape.rank && axes <= other.shape.rank,
            "tensordot: \(axes) axes of shapes \(shape) and \(other.shape), expected 0 to the smaller rank")
        return tensordot(other, axes: (Array(shape.rank - axes..<shape.rank), Array(0..<axes)))
    }

    /// The sums of products over pairs of axes, one of this variable and one of another. The result has this variable's
    /// other axes, then those of the other.
    ///
    /// Traps if there are not as many axes of each, or if they differ in size. Source: `numpy.tensordot`.
    public func tensordot(_ other: Variable, axes: ([Int], [Int])) -> Variable {
        let left = axes.0.map { shape.resolve($0, "tensordot") }
        let right = axes.1.map { other.shape.resolve($0, "tensordot") }
        require(
            left.count == right.count && Set(left).count == left.count && Set(right).count == right.count
                && zip(left, right).allSatisfy { shape[$0] == other.shape[$1] },
            "tensordot: axes \(axes.0) of shape \(shape) and \(axes.1) of shape \(other.shape), expected pairs of the "
                + "same size, each axis once")
        let ownLabels = Array(0..<shape.rank)
        var otherLabels = other.shape.sizes.indices.map { shape.rank + $0 }
        for (mine, its) in zip(left, right) { otherLabels[its] = ownLabels[mine] }
        let output = (ownLabels + otherLabels).filter { !left.contains($0) }
        return EinsumTerm(self, ownLabels).contracted(
            with: EinsumTerm(other, otherLabels), keeping: Set(output)
        ).arranged(as: output)
    }

    /// The sums of products of the samples of two batches over one axis of each, counted with the batch's: Keras's
    /// `batch_dot`. The result has the batch, this variable's other axes, then those of the other.
    package func batchDot(_ other: Variable, axes: (Int, Int)) -> Variable {
        let ownLabels = Array(0..<shape.rank)
        var otherLabels = other.shape.sizes.indices.map { shape.rank + $0 }
        otherLabels[0] = 0
        otherLabels[axes.1] = axes.0
        let output = ownLabels.filter { $0 != axes.0 } + otherLabels.filter { $0 != 0 && $0 != axes.0 }
        return EinsumTerm(self, ownLabels).contracted(
            with: EinsumTerm(other, otherLabels), keeping: Set(output)
        ).arranged(as: output)
    }
}

extension Tensor {
    /// A sum of products, named by the axes: see `Variable.einsum`.
    public static func einsum(_ equation: String, _ operands: Tensor...) -> Tensor {
        Variable.einsum(equation, operands.map { Variable($0) }).value
    }

    /// The sums of products over the last `axes` axes of this tensor and the first of another.
    public func tensordot(_ other: Tensor, axes: Int = 2) -> Tensor {
        Variable(self).tensordot(Variable(other), axes: axes).value
    }

    /// The sums of products over pairs of axes, one of this tensor and one of another.
    public func tensordot(_ other: Tensor, axes: ([Int], [Int])) -> Tensor {
        Variable(self).tensordot(Variable(other), axes: axes).value
    }
}

/// An equation of `einsum`: which axes its operands and its result have.
package struct EinsumEquation {
    /// Letters by their scalar's number; the axes of an ellipsis, from the last on, below 0.
    package typealias Label = Int

    /// For each operand its axes' labels.
    package private(set) var inputs: [[Label]] = []
    package private(set) var output: [Label] = []
    /// What is wrong with it; nil if nothing is.
    package private(set) var fault: String?

    package init(_ equation: String, ranks: [Int]) {
        let text = equation.filter { $0 != " " }
        let sides = text.split(separator: "->", omittingEmptySubsequences: false)
        let terms = sides[0].split(separator: ",", omittingEmptySubsequences: false)
        guard sides.count <= 2, terms.count == ranks.count else {
            fault = "it is for \(terms.count) operands, there are \(ranks.count)"
            return
        }
        var elided = 0
        for (term, rank) in zip(terms, ranks) {
            guard let parts = Self.parts(term) else {
                fault = "\"\(term)\" is not made of letters and at most one \"...\""
                return
            }
            let letters = parts.before.count + parts.after.count
            guard letters == rank || parts.hasEllipsis && letters < rank else {
                fault = "\"\(term)\" has \(letters) axes, the operand \(rank)"
                return
            }
            elided = max(elided, rank - letters)
            inputs.append(parts.before + Self.ellipsis(rank - letters) + parts.after)
        }
        let known = Set(inputs.joined())
        guard sides.count == 2 else {
            var counts: [Label: Int] = [:]
            for label in inputs.joined() { counts[label, default: 0] += 1 }
            output = Self.ellipsis(elided) + counts.filter { $0.key >= 0 && $0.value == 1 }.keys.sorted()
            return
        }
        guard let parts = Self.parts(sides[1]) else {
            fault = "\"\(sides[1])\" is not made of letters and at most one \"...\""
            return
        }
        output = parts.before + (parts.hasEllipsis ? Self.ellipsis(elided) : []) + parts.after
        if Set(output).count != output.count {
            fault = "a letter stands twice behind the arrow"
        } else if !known.isSuperset(of: output) {
            fault = "a letter behind the arrow stands in no operand"
        }
    }

    /// The labels of so many axes, the last of which is −1.
    private static func ellipsis(_ count: Int) -> [Label] { (0..<count).map { $0 - count } }

    private static func parts(
        _ term: Substring
    ) -> (before: [Label], hasEllipsis: Bool, after: [Label])? {
        let pieces = term.split(separator: "...", omittingEmptySubsequences: false)
        guard pieces.count <= 2,
            pieces.joined().unicodeScalars.allSatisfy({ $0.isASCII && $0.properties.isAlphabetic })
        else { return nil }
        func labels(_ piece: Substring) -> [Label] { piece.unicodeScalars.map { Int($0.value) } }
        return (labels(pieces[0]), pieces.count == 2, pieces.count == 2 ? labels(pieces[1]) : [])
    }
}

/// An operand whose axes are labelled.
private struct EinsumTerm {
    let value: Variable
    let labels: [Int]

    init(_ value: Variable, _ labels: [Int]) {
        self.value = value
        self.labels = labels
    }

    /// The diagonals of axes that share a label.
    func withoutRepeats() -> EinsumTerm {
        guard let (first, second) = repeated() else { return self }
        let size = value.shape[first]
        require(
            value.shape[second] == size,
            "einsum: a diagonal of axes of sizes \(size) and \(value.shape[second]), expected the same")
        let rest = labels.indices.filter { $0 != first && $0 != second }
        let moved = value.permuted(rest + [first, second])
        let flat = moved.reshaped(to: Shape(rest.map { value.shape[$0] } + [size * size]))
        let places = Tensor(range: 0..<size) * Double(size + 1)
        return EinsumTerm(flat.taking(places, axis: -1), rest.map { labels[$0] } + [labels[first]])
            .withoutRepeats()
    }

    private func repeated() -> (Int, Int)? {
        for (second, label) in labels.enumerated() {
            if let first = labels[..<second].firstIndex(of: label) { return (first, second) }
        }
        return nil
    }

    /// Without axes of size 1 whose label has a larger size elsewhere.
    func withoutOnes(where isLarger: (Int) -> Bool) -> EinsumTerm {
        let kept = labels.indices.filter { value.shape[$0] != 1 || !isLarger(labels[$0]) }
        if kept.count == labels.count { return self }
        return EinsumTerm(
            value.reshaped(to: Shape(kept.map { value.shape[$0] })), kept.map { labels[$0] })
    }

    /// Summed over the labels that are not to be kept.
    private func summed(keeping kept: Set<Int>) -> EinsumTerm {
        let axes = labels.indices.filter { !kept.contains(labels[$0]) }
        return axes.isEmpty
            ? self : EinsumTerm(value.sum(axes: axes), labels.filter { kept.contains($0) })
    }

    private func size(_ label: Int) -> Int { labels.firstIndex(of: label).map { value.shape[$0] } ?? 1 }

    /// The sum of products with another operand over the labels that are not needed any more.
    func contracted(with other: EinsumTerm, keeping needed: Set<Int>) -> EinsumTerm {
        let left = summed(keeping: needed.union(other.labels))
        let right = other.summed(keeping: needed.union(labels))
        let shared = left.labels.filter { right.labels.contains($0) }
        let batch = shared.filter { needed.contains($0) }
        let summed = shared.filter { !needed.contains($0) }
        let leftOwn = left.labels.filter { !shared.contains($0) }
        let rightOwn = right.labels.filter { !shared.contains($0) }
        func sizes(_ labels: [Int]) -> [Int] { labels.map { max(left.size($0), right.size($0)) } }
        let result: Variable
        if summed.isEmpty {
            // Nothing to add up: elements are multiplied.
            let rows = left.matrix([batch, leftOwn, []])
            result = rows * right.matrix([batch, [], rightOwn])
        } else {
            let (a, isTransposed) = left.operand(batch, leftOwn, summed)
            let (b, isOtherTransposed) = right.operand(batch, summed, rightOwn)
            result = a.matmul(b, transposingLeft: isTransposed, transposingRight: isOtherTransposed)
        }
        let labels = batch + leftOwn + rightOwn
        return EinsumTerm(result.reshaped(to: Shape(sizes(labels))), labels)
    }

    /// The operand with its axes in groups, each flattened to one.
    func matrix(_ groups: [[Int]]) -> Variable {
        let order = groups.joined().compactMap { labels.firstIndex(of: $0) }
        let sizes = groups.map { $0.reduce(1) { $0 * size($1) } }
        let sorted = order == Array(labels.indices) ? value : value.permuted(order)
        return sorted.reshaped(to: Shape(sizes))
    }

    /// [batch, rows, columns], or [batch, columns, rows] where no element need be moved for it.
    func operand(_ batch: [Int], _ rows: [Int], _ columns: [Int]) -> (Variable, isTransposed: Bool) {
        let isTransposed = labels == batch + columns + rows && labels != batch + rows + columns
        return (matrix(isTransposed ? [batch, columns, rows] : [batch, rows, columns]), isTransposed)
    }

    /// The axes in this order; those that are missing have size 1.
    func arranged(as output: [Int]) -> Variable {
        let term = summed(keeping: Set(output))
        let order = output.compactMap { term.labels.firstIndex(of: $0) }
        let sorted = order == Array(term.labels.indices) ? term.value : term.value.permuted(order)
        return sorted.reshaped(to: Shape(output.map { term.size($0) }))
    }
}
