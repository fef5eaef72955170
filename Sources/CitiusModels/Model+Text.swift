import CitiusData
import CitiusLayers
import CitiusPlatform
import CitiusTensor

extension Model {
    /// The model's output for each of these strings: `[samples, …]`. For models that take one string a sample.
    ///
    /// ```swift
    /// let scores = try model.predict(["a text", "another one"])
    /// ```
    ///
    /// - Throws: a `TrainingError` if there are no samples, or if the model does not take strings.
    public final func predict(
        _ strings: [String], batchSize: Int = 32, verbose: Verbosity = .silent, callbacks: [Callback] = []
    ) throws(TrainingError) -> Tensor {
        try checkCount(strings.count, for: "predict")
        let texts = Tensor(utf8: strings)
        let isListed = inputShapes?.first.map { $0.rank == 2 && $0[0] == 1 } ?? false
        return try predict(
            isListed ? texts.expandingAxis(at: 1) : texts, batchSize: batchSize, verbose: verbose,
            callbacks: callbacks)
    }
}

extension AdaptableLayer {
    /// Learns anew from a data set, batch by batch as a model would get them, scaled if they are. Traps if it is empty.
    ///
    /// - Parameter input: which of the data set's inputs.
    public func adapt(on data: Dataset, input: Int = 0, batchSize: Int = 1_024) {
        require(
            data.inputShapes.indices.contains(input),
            "\(label): adapt on input \(input) of a data set that has \(data.inputShapes.count)")
        adapt { body in
            for batch in data.batched(batchSize) {
                let samples = batch.allInputs[input]
                let dtype = inputDType(at: 0)
                body(dtype.isFloatingPoint || samples.dtype == dtype ? samples : samples.cast(to: dtype))
            }
        }
    }
}
