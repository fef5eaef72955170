/// Copies the rows that `indices` names out of a table of rows, in their order.
///
/// - Parameters:
///   - rowByteCount: bytes of one row, of whatever element type.
///   - usesPool: whether a large copy may be split over the pool's threads. A thread that works beside a
///     training loop says no, or the loop would find the pool busy.
package func gatherRows(
    _ source: UnsafeRawPointer, rowByteCount: Int, indices: UnsafeBufferPointer<Int>,
    into out: UnsafeMutableRawPointer, usesPool: Bool = true
) {
    func gather(_ range: Range<Int>) {
        // A `memcpy` of unknown length costs more than the few bytes of a label.
        switch rowByteCount {
        case 1: gatherElements(of: UInt8.self, range)
        case 4: gatherElements(of: UInt32.self, range)
        case 8: gatherElements(of: UInt64.self, range)
        default:
            for row in range {
                (out + row * rowByteCount).copyMemory(
                    from: source + indices[row] * rowByteCount, byteCount: rowByteCount)
            }
        }
    }
    func gatherElements<T: BitwiseCopyable>(of type: T.Type, _ range: Range<Int>) {
        let from = source.assumingMemoryBound(to: T.self)
        let to = out.assumingMemoryBound(to: T.self)
        for row in range { to[row] = from[indices[row]] }
    }
    forRows(indices.count, elementsPerRow: rowByteCount / 4, usesPool: usesPool, gather)
}

/// Copies the rows of bytes that `indices` names, each byte replaced by the table's number for it: one pass
/// from the bytes of images to the floats of a batch.
///
/// - Parameter table: 256 numbers. The product of a byte and a scale is looked up rather than computed, so
///   that it can be rounded once from a `Double`: b · (1/255) comes out as the b / 255 of NumPy.
package func gatherRows(
    _ source: UnsafePointer<UInt8>, rowByteCount: Int, indices: UnsafeBufferPointer<Int>,
    lookingUp table: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, usesPool: Bool = true
) {
    forRows(indices.count, elementsPerRow: rowByteCount, usesPool: usesPool) { range in
        for row in range {
            lookUpRow(
                source + indices[row] * rowByteCount, count: rowByteCount, table, out + row * rowByteCount)
        }
    }
}

/// Replaces each byte by the table's number for it.
package func lookUpBytes(
    _ source: UnsafePointer<UInt8>, count: Int, table: UnsafePointer<Float>,
    into out: UnsafeMutablePointer<Float>, usesPool: Bool = true
) {
    forRows(count, elementsPerRow: 1, usesPool: usesPool) { range in
        lookUpRow(source + range.lowerBound, count: range.count, table, out + range.lowerBound)
    }
}

/// Writes every element times `factor`, rounded once, as a floating-point number.
@specialized(where T == Float, U == Float)
@specialized(where T == Double, U == Double)
@specialized(where T == Int32, U == Float)
@specialized(where T == Int64, U == Float)
package func scaleElements<T: KernelNumber, U: KernelReal>(
    _ source: UnsafePointer<T>, count: Int, by factor: Double, into out: UnsafeMutablePointer<U>,
    usesPool: Bool = true
) {
    forRows(count, elementsPerRow: 1, usesPool: usesPool) { range in
        for index in range { out[index] = U(converting: source[index].asDouble * factor) }
    }
}

@inline(__always)
private func lookUpRow(
    _ source: UnsafePointer<UInt8>, count: Int, _ table: UnsafePointer<Float>,
    _ out: UnsafeMutablePointer<Float>
) {
    // Eight bytes per load, or loading the bytes takes as long as loading the numbers.
    let whole = count & ~7
    var index = 0
    while index < whole {
        var word = UnsafeRawPointer(source + index).loadUnaligned(as: UInt64.self).littleEndian
        for lane in 0..<8 {
            out[index + lane] = table[Int(truncatingIfNeeded: word & 0xFF)]
            word >>= 8
        }
        index += 8
    }
    for index in whole..<count { out[index] = table[Int(source[index])] }
}

/// Calls `body` with ranges of rows, on the pool only where a chunk of the work outweighs waking it.
@inline(__always)
private func forRows(
    _ count: Int, elementsPerRow: Int, usesPool: Bool, _ body: (Range<Int>) -> Void
) {
    if usesPool {
        let span = Span("gathered rows \(count)×\(elementsPerRow)", elements: 2 * count * elementsPerRow)
        defer { span.end() }
        ThreadPool.shared.forRanges(of: count, grain: 8_192 / max(1, elementsPerRow) + 1, body)
    } else if count > 0 {
        body(0..<count)
    }
}
