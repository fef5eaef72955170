import CitiusPlatform
import Testing

/// Operands beside pages that may not be touched, so that a kernel which reads or writes outside of them crashes. On their
/// other side lie bytes of ones, NaN as floats: to read them spoils the result, to write them is seen by
/// `marginsAreIntact`.
///
/// What may be read or written is what the kernel's documentation says: a buffer that must be rounded up is one of the
/// rounded size.
public final class GuardedMemory {
    public enum Side: CaseIterable, Sendable {
        /// Elements end where a guard page begins.
        case end
        /// Elements begin where a guard page ends.
        case start
    }

    private struct Block {
        let mapping: UnsafeMutableRawPointer
        let mappedCount: Int
        /// Between the guard pages.
        let pages: UnsafeMutableRawBufferPointer
        let elements: UnsafeMutableRawBufferPointer
        let isResult: Bool
        let isFloat: Bool
    }

    private let side: Side
    private var blocks: [Block] = []

    public init(_ side: Side) { self.side = side }

    deinit {
        for block in blocks { munmap(block.mapping, block.mappedCount) }
    }

    /// Elements that a kernel reads.
    public func elements<T: BitwiseCopyable>(_ values: [T]) -> UnsafeMutablePointer<T> {
        let elements = allocate(values.count, of: T.self, isResult: false)
        elements.update(from: values, count: values.count)
        return elements
    }

    /// Elements that a kernel reads and writes; they are part of the results.
    public func sums<T: BitwiseCopyable>(_ values: [T]) -> UnsafeMutablePointer<T> {
        let elements = allocate(values.count, of: T.self, isResult: true)
        elements.update(from: values, count: values.count)
        return elements
    }

    /// Elements that a kernel must write, all of them: NaN before, where they are floats.
    public func results<T: BitwiseCopyable>(_ count: Int, of type: T.Type = T.self) -> UnsafeMutablePointer<T>
    {
        allocate(count, of: T.self, isResult: true)
    }

    /// Elements that a kernel may use as it likes: NaN before, where they are floats.
    public func workspace<T: BitwiseCopyable>(_ count: Int, of type: T.Type = T.self) -> UnsafeMutablePointer<
        T
    > {
        allocate(count, of: T.self, isResult: false)
    }

    private func allocate<T: BitwiseCopyable>(
        _ count: Int, of type: T.Type, isResult: Bool
    ) -> UnsafeMutablePointer<T> {
        let page = sysconf(Int32(_SC_PAGESIZE))
        let byteCount = count * MemoryLayout<T>.stride
        let pagesCount = (byteCount + page - 1) / page * page
        let mappedCount = pagesCount + 2 * page
        let protection = PROT_READ | PROT_WRITE
        guard let mapping = mmap(nil, mappedCount, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            mapping != MAP_FAILED, mprotect(mapping, page, PROT_NONE) == 0,
            mprotect(mapping + page + pagesCount, page, PROT_NONE) == 0
        else { fail("GuardedMemory: \(mappedCount) bytes cannot be mapped") }
        let pages = UnsafeMutableRawBufferPointer(start: mapping + page, count: pagesCount)
        memset(mapping + page, 0xFF, pagesCount)
        let first = side == .end ? pagesCount - byteCount : 0
        let elements = UnsafeMutableRawBufferPointer(start: mapping + page + first, count: byteCount)
        blocks.append(
            Block(
                mapping: mapping, mappedCount: mappedCount, pages: pages, elements: elements,
                isResult: isResult, isFloat: T.self == Float.self || T.self == Double.self))
        return (mapping + page + first).bindMemory(to: T.self, capacity: count)
    }

    // MARK: What came of it

    /// Whether no byte beside the elements was written.
    var marginsAreIntact: Bool {
        blocks.allSatisfy { block in
            let first = block.elements.baseAddress! - block.pages.baseAddress!
            return isUntouched(block.pages[..<first])
                && isUntouched(block.pages[(first + block.elements.count)...])
        }
    }

    private func isUntouched(_ bytes: Slice<UnsafeMutableRawBufferPointer>) -> Bool {
        guard let first = bytes.first else { return true }
        let start = UnsafeRawBufferPointer(rebasing: bytes).baseAddress!
        // Each byte is the one before it.
        return first == 0xFF && memcmp(start, start + 1, bytes.count - 1) == 0
    }

    var resultBytes: [[UInt8]] { blocks.filter(\.isResult).map { [UInt8]($0.elements) } }

    /// Whether a result is NaN still, or again: not written, or made from what lies beside the operands.
    var resultsAreNumbers: Bool {
        blocks.allSatisfy { block in
            guard block.isResult, block.isFloat else { return true }
            return block.elements.bindMemory(to: Float.self).allSatisfy { !$0.isNaN }
        }
    }
}

/// Expects that a kernel touches its operands alone: `body` runs it on operands from the memory that it is given, which
/// must be finite. A touch of a guard page ends the process, once the case has been named.
public func expectStaysInside(
    _ label: @autoclosure () -> String, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (GuardedMemory) -> Void
) {
    var results: [[[UInt8]]] = []
    for side in GuardedMemory.Side.allCases {
        let label = "\(label()), guarded at the \(side)"
        let memory = GuardedMemory(side)
        withCaseNamedOnCrash(label) { body(memory) }
        if !memory.marginsAreIntact {
            Issue.record("\(label): wrote beside an operand", sourceLocation: sourceLocation)
        }
        if !memory.resultsAreNumbers {
            Issue.record(
                "\(label): left a result out, or read beside an operand", sourceLocation: sourceLocation)
        }
        results.append(memory.resultBytes)
    }
    if results[0] != results[1] {
        Issue.record("\(label()): results depend on where the operands lie", sourceLocation: sourceLocation)
    }
}

// MARK: Which case it was

/// What runs just now, for the handler of a signal, which may not do much.
private nonisolated(unsafe) let caseName = UnsafeMutablePointer<CChar>.allocate(capacity: 512)

private func withCaseNamedOnCrash(_ name: String, _ body: () -> Void) {
    strncpy(caseName, name, 511)
    caseName[511] = 0
    var former = sigaction()
    sigaction(SIGSEGV, nil, &former)
    signal(SIGSEGV) { _ in
        write(2, caseName, strlen(caseName))
        write(2, ": touched a guard page\n", 23)
        // The access runs again, and the signal takes its course.
        signal(SIGSEGV, SIG_DFL)
    }
    body()
    sigaction(SIGSEGV, &former, nil)
}
