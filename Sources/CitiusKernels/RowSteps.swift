/// A table's rows, of which each may have taken fewer steps than the others: those with a zero gradient wait until the
/// row is wanted, and are then taken one after the other while the row is in the core's registers and first cache.
///
/// The same arithmetic in the same order as steps over the whole table, and so the same bits; but the table's memory is
/// touched where its rows are used alone.
package struct RowSteps {
    let rule: StepRule
    let width: Int
    let value: UnsafeMutableRawPointer
    let slots: StepSegment.Slots
    /// How many of the steps each row has taken.
    let taken: UnsafeMutablePointer<Int32>

    package init(
        _ rule: StepRule, width: Int, value: UnsafeMutableRawPointer, slots: StepSegment.Slots,
        taken: UnsafeMutablePointer<Int32>
    ) {
        self.rule = rule
        self.width = width
        self.value = value
        self.slots = slots
        self.taken = taken
    }

    /// Takes all steps that the rows have not taken, with zeros for gradients.
    ///
    /// - Parameter rows: nil for the first `count` rows.
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func settle<T: KernelReal>(_ rows: [Int32]?, count: Int, steps: [StepTerms], of type: T.Type) {
        let span = Span(
            "optimizer's late steps of rows \(width)", elements: 6 * count * width,
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        withZeros { (zeros: UnsafePointer<T>) in
            forEachRow(rows, count: count) { row, _ in catchUp(row, steps[...], zeros) }
        }
    }

    /// Takes all steps that the rows have not taken, the last one with these gradients [rows, width].
    @specialized(where T == Float)
    @specialized(where T == Double)
    package func step<T: KernelReal>(_ rows: [Int32], gradients: UnsafePointer<T>, steps: [StepTerms]) {
        let span = Span(
            "optimizer's step of rows \(width)", elements: 7 * rows.count * width,
            elementBytes: MemoryLayout<T>.size)
        defer { span.end() }
        withZeros { (zeros: UnsafePointer<T>) in
            forEachRow(rows, count: rows.count) { row, index in
                catchUp(row, steps.dropLast(), zeros)
                take(steps[steps.count - 1], row, gradients + index * width)
                taken[row] = Int32(truncatingIfNeeded: steps.count)
            }
        }
    }

    @inline(__always)
    private func catchUp<T: KernelReal>(
        _ row: Int, _ steps: ArraySlice<StepTerms>, _ zeros: UnsafePointer<T>
    ) {
        for number in min(Int(taken[row]), steps.count)..<steps.count { take(steps[number], row, zeros) }
        taken[row] = Int32(truncatingIfNeeded: steps.count)
    }

    @inline(__always)
    private func take<T: KernelReal>(_ terms: StepTerms, _ row: Int, _ gradient: UnsafePointer<T>) {
        func rowOf(_ slot: UnsafeMutableRawPointer?) -> UnsafeMutablePointer<T>? {
            slot.map { $0.assumingMemoryBound(to: T.self) + row * width }
        }
        rule(
            terms, value.assumingMemoryBound(to: T.self) + row * width, gradient,
            (rowOf(slots.0), rowOf(slots.1), rowOf(slots.2)),
            count: width)
    }

    @inline(__always)
    private func forEachRow(_ rows: [Int32]?, count: Int, _ body: (_ row: Int, _ index: Int) -> Void) {
        ThreadPool.shared.forRanges(of: count, grain: max(1, 4_096 / max(1, width))) { range in
            for index in range { body(rows.map { Int($0[index]) } ?? index, index) }
        }
    }

    private func withZeros<T: KernelReal>(_ body: (UnsafePointer<T>) -> Void) {
        withUnsafeTemporaryAllocation(of: T.self, capacity: max(1, width)) { zeros in
            zeros.initialize(repeating: 0)
            if let zeros = zeros.baseAddress { body(zeros) }
        }
    }
}
