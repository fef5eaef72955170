import Citius
import CitiusTechniques
import CitiusTestSupport
import Testing

@Suite struct QuantizationTests {
    @Test(arguments: CompressibleNetwork.allCases) func computesNearlyTheSame(network: CompressibleNetwork)
        throws
    {
        let model = network.make(seed: 3)
        let samples = network.samples
        for (calibration, tolerance) in [(Calibration.minMax, 0.06), (.percentile(99.9), 0.1)] {
            let quantized = try model.quantized(calibratedOn: samples, calibration: calibration)
            let (expected, result) = (try model.predict(samples), try quantized.predict(samples))
            let scale = expected.elements(as: Float.self).map { Double(abs($0)) }.max() ?? 0
            #expect(distance(expected, result) < tolerance * scale, "\(network), \(calibration)")
            #expect(distance(expected, result) > 0, "whole numbers are not exact")
            #expect(!quantized.layers.contains { $0 is Dense || $0 is Conv2D }, "\(network)")
        }
    }

    /// The document's network hands codes from layer to layer: nothing lies between its products.
    @Test func layersHandOnCodes() throws {
        let quantized = try CompressibleNetwork.document.make(seed: 1).quantized(
            calibratedOn: CompressibleNetwork.document.samples)
        #expect(
            quantized.layers.map { $0.name } == ["conv2d", "conv2d_1", "flatten", "dense", "dense_1"])
        #expect(quantized is Sequential)
        let convolutions = quantized.layers.compactMap { $0 as? QuantizedConv2D }
        #expect(convolutions.allSatisfy { $0.maxPools && $0.output != nil && $0.activation.name == "relu" })
        let dense = quantized.layers.compactMap { $0 as? QuantizedDense }
        #expect(dense.map { $0.output != nil } == [true, false])
        #expect(convolutions[0].output == convolutions[1].input && dense[0].output == dense[1].input)
        #expect(convolutions.allSatisfy { $0.kernel?.dtype == .int8 && $0.output?.zeroPoint == 0 })
    }

    /// One layer after the other gives what all in one pass give.
    @Test(arguments: CompressibleNetwork.allCases) func accelerationChangesNothing(
        network: CompressibleNetwork
    ) throws {
        let quantized = try network.make(seed: 5).quantized(calibratedOn: network.samples)
        let fast = try quantized.predict(network.samples)
        quantized.acceleration.fusesLayers = false
        #expect(distance(try quantized.predict(network.samples), fast) < 1e-6)
    }

    @Test(arguments: CompressibleNetwork.allCases) func savesAndLoads(network: CompressibleNetwork) throws {
        let quantized = try network.make(seed: 5).quantized(calibratedOn: network.samples)
        let path = temporaryPath()
        try quantized.save(to: path)
        let file = try Safetensors(contentsOf: path)
        let scales = file.names.filter { $0.hasSuffix("/kernel_scale") }
        #expect(!scales.isEmpty)
        #expect(scales.allSatisfy { file[String($0.dropLast("_scale".count))]?.type == "I8" })
        let loaded = try Model.load(from: path)
        #expect(try loaded.predict(network.samples) == quantized.predict(network.samples))
        #expect(try loaded.architecture() == quantized.architecture())
        #expect(
            try quantized.clone(copyingWeights: true).predict(network.samples)
                == loaded.predict(network.samples))
    }

    /// New weights are packed anew.
    @Test func loadedWeightsCount() throws {
        let network = CompressibleNetwork.document
        let first = try network.make(seed: 5).quantized(calibratedOn: network.samples)
        let second = try network.make(seed: 6).quantized(calibratedOn: network.samples)
        let copy = try second.clone(copyingWeights: true)
        _ = try copy.predict(network.samples)
        copy.weights = first.weights
        copy.weights = second.weights
        #expect(try copy.predict(network.samples) == second.predict(network.samples))
        copy.weights = first.weights
        #expect(try copy.predict(network.samples) != second.predict(network.samples))
    }

    @Test func bitsDependOnNoNumberOfThreads() throws {
        let network = CompressibleNetwork.document
        let quantized = try network.make(seed: 5).quantized(calibratedOn: network.samples)
        let before = Threads.count
        defer { Threads.count = before }
        let results = try [1, 2, 3].map { count in
            Threads.count = count
            return try quantized.predict(network.samples)
        }
        #expect(results[0] == results[1] && results[1] == results[2])
    }

    @Test func takesFloat64Models() throws {
        let model = Sequential(seed: 1, dtype: .float64) {
            Input(8)
            Dense(16, activation: .relu)
            Dense(4)
        }
        let samples = randomTensor([32, 8], seed: 2)
        let quantized = try model.quantized(calibratedOn: samples)
        #expect(try quantized.predict(samples).dtype == .float64)
        #expect(distance(try model.predict(samples), try quantized.predict(samples)) < 0.1)
    }

    @Test func refusesWhatItCannot() throws {
        let model = CompressibleNetwork.dense.make(seed: 1)
        #expect(throws: CompressionError.self) {
            try model.quantized(calibratedOn: CompressibleNetwork.dense.samples(0, seed: 1))
        }
        let samples = Tensor(repeating: Float.nan, shape: [4, 40])
        #expect(throws: CompressionError.self) { try model.quantized(calibratedOn: samples) }
        let other = Sequential {
            Input(4)
            Activation(.relu)
        }
        #expect(throws: CompressionError.self) { try other.quantized(calibratedOn: Tensor(zeros: [2, 4])) }
        model.parameters[0].value = Tensor(repeating: Float.infinity, shape: model.parameters[0].shape)
        #expect(throws: (any Error).self) {
            try model.quantized(calibratedOn: CompressibleNetwork.dense.samples)
        }
    }

    /// Layers that are shared, grouped or too deep stay as they are.
    @Test func leavesWhatItCannot() throws {
        let input = Input(6, 6, 4)
        let grouped = Conv2D(4, kernelSize: 3, groups: 2)(input)
        let shared = Conv2D(4, kernelSize: 1)
        let model = Model(
            inputs: input, outputs: Dense(3)(Flatten()(Add()(shared(grouped), shared(grouped)))), seed: 3)
        let samples = randomTensor([16, 6, 6, 4], dtype: .float32, seed: 4)
        let quantized = try model.quantized(calibratedOn: samples)
        #expect(quantized.layers.count { $0 is Conv2D } == 2)
        #expect(quantized.layers.count { $0 is QuantizedDense } == 1)
        #expect(distance(try model.predict(samples), try quantized.predict(samples)) < 0.1)
    }
}
