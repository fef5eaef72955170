import CitiusTensor

/// How a stored input is to be read.
struct InputReading: Sendable, Equatable {
    /// What it is multiplied by; nil means it is left alone.
    var scale: Double?
    /// How its elements lie in a file, where a tensor has them otherwise: its stored tensor has one more axis, of their
    /// bytes.
    var encoding: ElementEncoding?

    /// The shape of one sample.
    func sampleShape(_ stored: Tensor) -> Shape {
        let shape = stored.shape.droppingFirst()
        return encoding == nil ? shape : Shape(Array(shape.sizes.dropLast()))
    }

    /// Of the elements, unscaled.
    func dtype(_ stored: Tensor) -> DType { encoding?.dtype ?? stored.dtype }
}

/// How a stored input becomes what a model takes: bytes become float32, and the scale is applied.
struct InputPreparation: Sendable {
    private let scale: Double?
    private let encoding: ElementEncoding?
    /// The float32 of each byte, if the inputs are bytes.
    private let table: [Float]

    init(_ held: Tensor, _ reading: InputReading) {
        scale = reading.scale
        encoding = reading.encoding
        let factor = reading.scale ?? 1
        table =
            held.dtype == .uint8 && reading.encoding == nil
            ? (0..<256).map { Float(Double($0) * factor) } : []
    }

    /// The rows of the given indices, gathered and prepared; bytes in one pass.
    func prepared(_ held: Tensor, _ indices: UnsafeBufferPointer<Int>, usesPool: Bool) -> Tensor {
        guard held.dtype == .uint8, encoding == nil else {
            return prepared(held.gatheringRows(indices, usesPool: usesPool), usesPool: usesPool)
        }
        return Tensor(shape: held.shape.droppingFirst().prepending(indices.count)) {
            (out: UnsafeMutablePointer<Float>) in
            held.withElements { (bytes: UnsafePointer<UInt8>) in
                table.withUnsafeBufferPointer { table in
                    guard let table = table.baseAddress else { return }
                    gatherRows(
                        bytes, rowByteCount: held.rowCount, indices: indices, lookingUp: table, into: out,
                        usesPool: usesPool)
                }
            }
        }
    }

    /// Begins to gather and prepare the rows of some indices, in idle moments of the pool; nil where they take two
    /// passes.
    func begin(_ held: Tensor, _ indices: ArraySlice<Int>) -> PendingInputs? {
        guard held.dtype == .uint8, encoding == nil else { return nil }
        let rowCount = held.rowCount
        let result = Tensor(
            uninitialized: held.shape.droppingFirst().prepending(indices.count), dtype: .float32)
        // Some 1,600 bytes take a microsecond.
        let rows = max(1, 1_600 / max(1, rowCount))
        let work = ThreadPool.shared.begin(pieces: (indices.count + rows - 1) / rows) { [table] piece in
            let part = piece * rows..<min((piece + 1) * rows, indices.count)
            held.withElements { (bytes: UnsafePointer<UInt8>) in
                table.withUnsafeBufferPointer { table in
                    indices.withUnsafeBufferPointer { indices in
                        guard let table = table.baseAddress else { return }
                        gatherRows(
                            bytes, rowByteCount: rowCount, indices: .init(rebasing: indices[part]),
                            lookingUp: table,
                            into: result.storage.pointer.assumingMemoryBound(to: Float.self)
                                + part.lowerBound * rowCount, usesPool: false)
                    }
                }
            }
        }
        return PendingInputs(result: result, work: work)
    }

    /// All rows, prepared; the tensor itself if there is nothing to do.
    func prepared(_ stored: Tensor, usesPool: Bool) -> Tensor {
        let held = MappedArray.decoded(stored, encoding, usesPool: usesPool)
        switch (held.dtype, scale) {
        case (.uint8, _):
            return Tensor(shape: held.shape) { (out: UnsafeMutablePointer<Float>) in
                held.withElements { (bytes: UnsafePointer<UInt8>) in
                    table.withUnsafeBufferPointer { table in
                        guard let table = table.baseAddress else { return }
                        lookUpBytes(bytes, count: held.count, table: table, into: out, usesPool: usesPool)
                    }
                }
            }
        case (.bool, _), (_, nil): return held
        case (.float32, let scale?): return scaled(held, Float.self, Float.self, scale, usesPool)
        case (.float64, let scale?): return scaled(held, Double.self, Double.self, scale, usesPool)
        case (.int8, let scale?): return scaled(held, Int8.self, Float.self, scale, usesPool)
        case (.int32, let scale?): return scaled(held, Int32.self, Float.self, scale, usesPool)
        case (.int64, let scale?): return scaled(held, Int64.self, Float.self, scale, usesPool)
        }
    }

    private func scaled<T: NumberScalar, U: RealScalar>(
        _ held: Tensor, _ from: T.Type, _ to: U.Type, _ factor: Double, _ usesPool: Bool
    ) -> Tensor {
        Tensor(shape: held.shape) { (out: UnsafeMutablePointer<U>) in
            held.withElements { (source: UnsafePointer<T>) in
                scaleElements(source, count: held.count, by: factor, into: out, usesPool: usesPool)
            }
        }
    }
}

/// Inputs that are being prepared. Dropped, they are left unfinished.
final class PendingInputs: Sendable {
    private let result: Tensor
    private let work: BackgroundWork

    init(result: Tensor, work: BackgroundWork) {
        self.result = result
        self.work = work
    }

    deinit { work.cancel() }

    /// The prepared inputs.
    func finished() -> Tensor {
        work.finish("gathered rows \(result.shape[0])×\(result.rowCount)", elements: 2 * result.count)
        return result
    }
}
