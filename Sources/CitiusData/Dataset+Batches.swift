import CitiusPlatform
import CitiusTensor

extension Dataset: SampleSource {
    /// The samples of some numbers, prepared. Traps if a number is outside the data set.
    public func batch(of samples: ArraySlice<Int>) -> Batch {
        let data = subset(Array(samples))
        return data.batch(0..<samples.count, preparations, [], usesPool: true)
    }

    /// The samples of a range, prepared; inputs that are stored as they are to be, in order, are views.
    ///
    /// - Parameter pending: the batch's inputs if they were begun before.
    func batch(
        _ range: Range<Int>, _ preparations: [InputPreparation], _ pending: [PendingInputs?], usesPool: Bool
    ) -> Batch {
        guard let order else {
            return Batch(
                inputs: zip(preparations, heldInputs).map {
                    $0.prepared($1.rowsView(range), usesPool: usesPool)
                },
                targets: heldTargets.map { $0.rowsView(range) }, sampleWeights: heldWeights?.rowsView(range))
        }
        return order.withUnsafeBufferPointer { order in
            let rows = UnsafeBufferPointer(rebasing: order[range])
            return Batch(
                inputs: preparations.indices.map { input in
                    (input < pending.count ? pending[input] : nil)?.finished()
                        ?? preparations[input].prepared(heldInputs[input], rows, usesPool: usesPool)
                },
                targets: heldTargets.map { $0.gatheringRows(rows, usesPool: usesPool) },
                sampleWeights: heldWeights?.gatheringRows(rows, usesPool: usesPool))
        }
    }
}
