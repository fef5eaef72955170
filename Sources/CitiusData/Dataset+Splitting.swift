import CitiusPlatform
import CitiusTensor

extension Dataset {
    /// The first `count` samples, or all if there are fewer. A view. Traps if `count` is negative.
    public func prefix(_ count: Int) -> Dataset {
        require(count >= 0, "prefix: count is \(count), expected at least 0")
        return subset(0..<min(count, self.count))
    }

    /// The samples of a range. A view. Traps if the range leaves the data set.
    public func subset(_ range: Range<Int>) -> Dataset {
        require(
            range.lowerBound >= 0 && range.upperBound <= count,
            "subset: range \(range) leaves the data set of \(count) samples")
        if let order {
            return with(order: Array(order[range]))
        }
        return Dataset(
            heldInputs.map { $0.rowsView(range) }, heldTargets.map { $0.rowsView(range) },
            heldWeights?.rowsView(range), order: nil, readings: readings, metadata: metadata)
    }

    /// The samples of a list of indices, in its order; an index may come twice. Nothing is copied but the
    /// list. Traps if an index is outside the data set.
    public func subset(_ indices: [Int]) -> Dataset {
        for index in indices {
            require(
                index >= 0 && index < count,
                "subset: index \(index) is outside the data set of \(count) samples")
        }
        return with(order: rows(at: indices))
    }

    /// The first part of the samples and the rest: `split(at: 0.8)` gives 80 % and 20 %, rounded to whole
    /// samples. Views. Shuffle first unless the samples are in random order. Traps outside 0...1.
    public func split(at fraction: Double) -> (Dataset, Dataset) {
        require(
            fraction >= 0 && fraction <= 1, "split: the fraction is \(fraction), expected one from 0 to 1")
        let boundary = Int((Double(count) * fraction).rounded())
        return (subset(0..<boundary), subset(boundary..<count))
    }

    /// The samples in random order, every order as likely. Nothing is copied but a list of indices.
    public func shuffled(using generator: inout RandomGenerator) -> Dataset {
        with(order: rows(at: shuffledNumbers(count, using: &generator)))
    }

    /// The samples of this data set, then the other's; metadata and scale are this one's.
    ///
    /// Free where the two are neighbours in memory, such as the two sets of ``FashionMNIST`` or the two sides
    /// of a split; else a copy. Traps if shapes, dtypes or scales differ, or only one has weights.
    public func appending(_ other: Dataset) -> Dataset {
        func kinds(_ tensors: [Tensor], _ readings: [InputReading]) -> [String] {
            zip(tensors, readings).map { tensor, reading in
                let elements = reading.encoding.map { "\($0.kind)" } ?? "\(tensor.dtype)"
                return "\(reading.sampleShape(tensor)) \(elements)"
                    + (reading.scale.map { " scaled by \($0)" } ?? "")
                    + (reading.encoding?.isSwapped == true ? " in the other byte order" : "")
            }
        }
        let plain = heldTargets.map { _ in InputReading() }
        for (name, own, others) in [
            ("inputs", kinds(heldInputs, readings), kinds(other.heldInputs, other.readings)),
            ("targets", kinds(heldTargets, plain), kinds(other.heldTargets, plain)),
        ] {
            require(
                own == others,
                "appending: \(name) \(own.joined(separator: ", ")) and \(others.joined(separator: ", ")), "
                    + "expected alike")
        }
        require(
            (heldWeights == nil) == (other.heldWeights == nil)
                && heldWeights?.dtype == other.heldWeights?.dtype,
            "appending: both data sets need sample weights of one dtype, or neither")
        let weights: Tensor? =
            if let own = sampleWeights, let others = other.sampleWeights {
                own.appendingRows(of: others)
            } else {
                nil
            }
        return Dataset(
            zip(heldInputs, other.heldInputs).map { rows(of: $0).appendingRows(of: other.rows(of: $1)) },
            zip(heldTargets, other.heldTargets).map { rows(of: $0).appendingRows(of: other.rows(of: $1)) },
            weights, order: nil, readings: readings, metadata: metadata)
    }

    func with(order: [Int]) -> Dataset {
        Dataset(heldInputs, heldTargets, heldWeights, order: order, readings: readings, metadata: metadata)
    }

    /// The rows of the held tensors that samples are.
    func rows(at samples: [Int]) -> [Int] { order.map { order in samples.map { order[$0] } } ?? samples }
}

/// The numbers below `count` in a random order.
func shuffledNumbers(_ count: Int, using generator: inout RandomGenerator) -> [Int] {
    var numbers = Array(0..<count)
    generator.shuffle(&numbers)
    return numbers
}

// MARK: Rows of tensors

extension Tensor {
    /// Elements of one row: of everything but the first axis.
    var rowCount: Int { Shape.count(of: shape.sizes.dropFirst()) }

    /// A view of some rows.
    func rowsView(_ range: Range<Int>) -> Tensor {
        Tensor(
            storage: storage, offset: offset + range.lowerBound * rowCount,
            shape: shape.droppingFirst().prepending(range.count), dtype: dtype)
    }

    /// The rows of the given indices, which must be in range.
    func gatheringRows(_ indices: UnsafeBufferPointer<Int>, usesPool: Bool) -> Tensor {
        let result = Tensor(
            uninitialized: shape.droppingFirst().prepending(indices.count), dtype: dtype)
        withExtendedLifetime(storage) {
            gatherRows(
                address, rowByteCount: rowCount * dtype.byteCount, indices: indices,
                into: result.storage.pointer, usesPool: usesPool)
        }
        return result
    }

    /// This tensor's rows, then the other's; a view if they follow each other in one storage.
    func appendingRows(of other: Tensor) -> Tensor {
        let shape = self.shape.droppingFirst().prepending(self.shape[0] + other.shape[0])
        if storage === other.storage, offset + count == other.offset {
            return Tensor(storage: storage, offset: offset, shape: shape, dtype: dtype)
        }
        let result = Tensor(uninitialized: shape, dtype: dtype)
        let byteCount = count * dtype.byteCount
        withExtendedLifetime((storage, other.storage)) {
            result.storage.pointer.copyMemory(from: address, byteCount: byteCount)
            (result.storage.pointer + byteCount).copyMemory(
                from: other.address, byteCount: other.count * dtype.byteCount)
        }
        return result
    }
}
