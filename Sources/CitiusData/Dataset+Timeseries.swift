import CitiusPlatform
import CitiusTensor

extension Dataset {
    /// Windows of a series as inputs, what belongs to each as its target.
    ///
    /// Window i has the steps i·stride, i·stride + rate, …, `sequenceLength` of them; its target is that of its first step:
    /// `targets[i·stride]`. To predict what comes behind a window, pass the series from there on.
    ///
    /// ```swift
    /// // From 10 values the one behind them.
    /// let data = Dataset.timeseries(series, targets: series[10..<series.shape[0]], sequenceLength: 10)
    /// ```
    ///
    /// Follows `keras.utils.timeseries_dataset_from_array`; batches, and shuffling, are the data set's.
    ///
    /// - Parameters:
    ///   - data: [steps, …].
    ///   - targets: [steps, …], fewer perhaps: there are no windows for steps that have none.
    ///   - sequenceLength: the number of steps in a window.
    ///   - sequenceStride: the distance between the beginnings of windows.
    ///   - samplingRate: the distance between the steps in a window.
    ///   - range: which steps are used; nil: all.
    ///
    /// Traps if a number is not positive, or if the range lies outside of the series.
    public static func timeseries(
        _ data: Tensor, targets: Tensor, sequenceLength: Int, sequenceStride: Int = 1, samplingRate: Int = 1,
        range: Range<Int>? = nil, metadata: Metadata = Metadata()
    ) -> Dataset {
        require(targets.rank >= 1, "timeseries: the targets are a scalar, expected [steps, …]")
        let windows = Windows(
            data, sequenceLength, sequenceStride, samplingRate, range, targetCount: targets.shape[0])
        let starts = Tensor(windows.starts.map { Int64($0 + windows.range.lowerBound) })
        return Dataset(
            inputs: windows.inputs, targets: targets.taking(starts), metadata: metadata)
    }

    /// The windows of a series alone: [windows, sequenceLength, …].
    public static func timeseriesWindows(
        _ data: Tensor, sequenceLength: Int, sequenceStride: Int = 1, samplingRate: Int = 1,
        range: Range<Int>? = nil
    ) -> Tensor {
        Windows(data, sequenceLength, sequenceStride, samplingRate, range, targetCount: nil).inputs
    }
}

/// Windows of a series.
private struct Windows {
    let range: Range<Int>
    /// Counted from the range's beginning.
    let starts: [Int]
    let inputs: Tensor

    init(
        _ data: Tensor, _ length: Int, _ stride: Int, _ rate: Int, _ range: Range<Int>?, targetCount: Int?
    ) {
        require(data.rank >= 1, "timeseries: the series is a scalar, expected [steps, …]")
        let steps = data.shape[0]
        let range = range ?? 0..<steps
        require(
            range.lowerBound >= 0 && range.upperBound <= steps,
            "timeseries: the range is \(range), expected one within the series of \(steps) steps")
        for (name, number) in [
            ("sequenceLength", length), ("sequenceStride", stride), ("samplingRate", rate),
        ] {
            require(number >= 1, "timeseries: \(name) is \(number), expected at least 1")
        }
        // The last step of a window has to be there, and its target.
        let span = (length - 1).multipliedReportingOverflow(by: rate)
        var count = span.overflow ? 0 : max(0, range.count - span.partialValue)
        if let targetCount { count = min(count, max(0, targetCount - range.lowerBound)) }
        starts = Array(Swift.stride(from: 0, to: count, by: stride))
        let places = starts.flatMap { start in
            (0..<length).map { Int64(range.lowerBound + start + $0 * rate) }
        }
        inputs = data.taking(Tensor(places, shape: [starts.count, length]))
        self.range = range
    }
}
