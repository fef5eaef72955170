import CitiusPlatform
import CitiusTensor

/// The samples of one pass over a stream, put together into batches as they are stored, before they are prepared.
final class StreamedRows {
    private let reader: any SampleReader
    private let shard: Batches.Shard
    private let batchSize: Int
    /// How many samples are held to choose from; 0: they come in order.
    private let bufferSize: Int
    private var generator: RandomGenerator
    private var buffer: RowBlock?
    private var isFilled = false
    /// The piece that is being read, and how many of its rows are.
    private var piece: RowBlock?
    private var row = 0
    /// As all pieces are.
    private var first: RowBlock?
    /// How many of the stream's samples are read.
    private var position = 0

    init(
        _ reader: any SampleReader, _ order: Batches.Order, _ shard: Batches.Shard,
        _ generator: RandomGenerator,
        batchSize: Int
    ) {
        self.reader = reader
        self.shard = shard
        self.batchSize = batchSize
        self.generator = generator
        bufferSize = if case .shuffled(let buffer) = order { buffer } else { 0 }
    }

    /// The samples of the next batch; nil after the last.
    func next() throws(DataError) -> Dataset? {
        var rows: RowBlock?
        while rows?.count ?? 0 < batchSize, try take(into: &rows) {}
        return rows?.dataset()
    }

    /// Appends the next sample; false if there is none.
    private func take(into rows: inout RowBlock?) throws(DataError) -> Bool {
        if bufferSize == 0 {
            guard try advance(), let piece else { return false }
            RowBlock.append(piece, row, to: &rows, upTo: batchSize)
            row += 1
            return true
        }
        while !isFilled, buffer?.count ?? 0 < bufferSize {
            guard try advance(), let piece else { break }
            RowBlock.append(piece, row, to: &buffer, upTo: bufferSize)
            row += 1
        }
        isFilled = true
        guard let held = buffer, held.count > 0 else { return false }
        let chosen = Int(generator.next().multipliedFullWidth(by: UInt64(held.count)).high)
        RowBlock.append(held, chosen, to: &rows, upTo: batchSize)
        if try advance(), let piece {
            held.replace(chosen, by: piece, row)
            row += 1
        } else {
            held.removeSwappingLast(chosen)
        }
        return true
    }

    /// Goes to the next sample of this part; false at the end.
    private func advance() throws(DataError) -> Bool {
        while true {
            while let piece, row < piece.count {
                defer { position += 1 }
                if position % shard.count == shard.index { return true }
                row += 1
            }
            guard let next = try reader.next() else {
                piece = nil
                return false
            }
            let block = RowBlock(next)
            if let first { block.requireLike(first) } else { first = block.empty() }
            (piece, row) = (block, 0)
        }
    }
}

/// Rows of each of a data set's tensors.
private final class RowBlock {
    /// What the rows belong to: their shapes, dtypes, scales and metadata. Its rows are the piece's, if this is one.
    private let model: Dataset
    /// Inputs, targets, weights.
    private var parts: [Tensor]
    private(set) var count: Int

    init(_ piece: Dataset) {
        model = piece
        parts = piece.storedParts
        count = piece.count
    }

    private init(like other: RowBlock, capacity: Int) {
        model = other.model
        parts = other.parts.map {
            Tensor(uninitialized: $0.shape.droppingFirst().prepending(capacity), dtype: $0.dtype)
        }
        count = 0
    }

    /// A block without rows.
    func empty() -> RowBlock { RowBlock(like: self, capacity: 0) }

    /// Appends a row to a block, which is made if there is none and grows up to a size.
    static func append(_ source: RowBlock, _ row: Int, to block: inout RowBlock?, upTo size: Int) {
        let target = block ?? RowBlock(like: source, capacity: min(size, max(64, source.count)))
        block = target
        let capacity = target.parts[0].shape[0]
        if target.count == capacity {
            let grown = RowBlock(like: target, capacity: min(size, 2 * capacity))
            for (from, to) in zip(target.parts, grown.parts) {
                to.storage.pointer.copyMemory(
                    from: from.address, byteCount: from.count * from.dtype.byteCount)
            }
            target.parts = grown.parts
        }
        target.count += 1
        target.replace(target.count - 1, by: source, row)
    }

    func replace(_ row: Int, by source: RowBlock, _ sourceRow: Int) {
        for (from, to) in zip(source.parts, parts) {
            let byteCount = from.rowCount * from.dtype.byteCount
            // The block's tensors are its own: nobody shares them before `dataset()`.
            to.storage.pointer.advanced(by: row * byteCount).copyMemory(
                from: from.address + sourceRow * byteCount, byteCount: byteCount)
        }
    }

    func removeSwappingLast(_ row: Int) {
        count -= 1
        if row < count { replace(row, by: self, count) }
    }

    /// Traps unless the rows of both have the same form.
    func requireLike(_ other: RowBlock) {
        let isLike =
            parts.count == other.parts.count && model.readings == other.model.readings
            && zip(parts, other.parts).allSatisfy {
                $0.dtype == $1.dtype && $0.shape.droppingFirst() == $1.shape.droppingFirst()
            }
        require(isLike, "SampleReader: a piece is \(model), expected pieces alike, as \(other.model)")
    }

    /// The block's rows.
    func dataset() -> Dataset { model.withStoredParts(parts.map { $0.rowsView(0..<count) }) }
}
