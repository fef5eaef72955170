import CitiusAutograd
import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

/// Layers with the channels first: what they do is what they do with the channels last, transposed.
@Suite struct DataFormatTests {
    /// The spatial axes of samples, and what makes a layer of a format.
    static let layers: [(name: String, spatial: [Int], make: @Sendable (DataFormat) -> Layer)] = [
        ("Conv1D", [7], { Conv1D(4, kernelSize: 3, padding: .causal, dataFormat: $0, activation: .relu) }),
        ("Conv2D", [6, 7], { Conv2D(4, kernelSize: [3, 2], strides: [1, 2], dataFormat: $0) }),
        ("Conv3D", [4, 5, 4], { Conv3D(2, kernelSize: 2, padding: .same, dataFormat: $0) }),
        ("Conv1DTranspose", [5], { Conv1DTranspose(4, kernelSize: 3, strides: 2, dataFormat: $0) }),
        ("Conv2DTranspose", [3, 4], { Conv2DTranspose(4, kernelSize: 3, strides: 2, dataFormat: $0) }),
        ("Conv3DTranspose", [2, 3, 2], { Conv3DTranspose(2, kernelSize: 2, strides: 2, dataFormat: $0) }),
        ("DepthwiseConv1D", [7], { DepthwiseConv1D(3, depthMultiplier: 2, dataFormat: $0) }),
        ("DepthwiseConv2D", [6, 5], { DepthwiseConv2D(3, strides: 2, dataFormat: $0) }),
        ("SeparableConv1D", [7], { SeparableConv1D(4, kernelSize: 3, dataFormat: $0) }),
        ("SeparableConv2D", [6, 5], { SeparableConv2D(4, kernelSize: 3, padding: .same, dataFormat: $0) }),
        ("MaxPooling1D", [7], { MaxPooling1D(2, dataFormat: $0) }),
        ("MaxPooling2D", [6, 7], { MaxPooling2D([2, 3], dataFormat: $0) }),
        ("MaxPooling3D", [4, 5, 4], { MaxPooling3D(2, padding: .same, dataFormat: $0) }),
        ("AveragePooling1D", [7], { AveragePooling1D(2, dataFormat: $0) }),
        ("AveragePooling2D", [6, 7], { AveragePooling2D([2, 3], dataFormat: $0) }),
        ("AveragePooling3D", [4, 5, 4], { AveragePooling3D(2, dataFormat: $0) }),
        ("GlobalMaxPooling1D", [7], { GlobalMaxPooling1D(dataFormat: $0, keepDimensions: true) }),
        ("GlobalMaxPooling2D", [4, 5], { GlobalMaxPooling2D(dataFormat: $0, keepDimensions: true) }),
        ("GlobalAveragePooling2D", [4, 5], { GlobalAveragePooling2D(dataFormat: $0, keepDimensions: true) }),
        (
            "GlobalAveragePooling3D", [2, 4, 5],
            { GlobalAveragePooling3D(dataFormat: $0, keepDimensions: true) }
        ),
        ("ZeroPadding1D", [3], { ZeroPadding1D(before: 1, after: 2, dataFormat: $0) }),
        ("ZeroPadding2D", [3, 2], { ZeroPadding2D(top: 1, right: 2, dataFormat: $0) }),
        ("ZeroPadding3D", [3, 2, 2], { ZeroPadding3D([1, 0, 2], dataFormat: $0) }),
        ("Cropping2D", [5, 4], { Cropping2D(bottom: 1, left: 2, dataFormat: $0) }),
        ("Cropping3D", [5, 4, 3], { Cropping3D([1, 1, 0], dataFormat: $0) }),
        ("UpSampling2D", [3, 2], { UpSampling2D([2, 3], dataFormat: $0) }),
        ("UpSampling2D bilinear", [3, 2], { UpSampling2D(2, dataFormat: $0, interpolation: .bilinear) }),
        ("UpSampling3D", [3, 2, 2], { UpSampling3D([2, 1, 3], dataFormat: $0) }),
        ("SpatialDropout2D", [3, 2], { SpatialDropout2D(0.5, dataFormat: $0) }),
        ("SpatialDropout3D", [3, 2, 2], { SpatialDropout3D(0.5, dataFormat: $0) }),
        ("Resizing", [5, 7], { Resizing(3, 4, cropToAspectRatio: true, dataFormat: $0) }),
        ("CenterCrop", [5, 7], { CenterCrop(3, 4, dataFormat: $0) }),
        ("RandomCrop", [5, 7], { RandomCrop(3, 4, dataFormat: $0) }),
        ("RandomFlip", [3, 4], { RandomFlip(dataFormat: $0) }),
        ("RandomRotation", [5, 4], { RandomRotation(0.2, seed: 3, dataFormat: $0) }),
        ("RandomErasing", [5, 4], { RandomErasing(dataFormat: $0) }),
        ("RandAugment", [5, 4], { RandAugment(valueRange: -1...1, dataFormat: $0) }),
    ]

    private func channelsFirst(_ batch: Tensor) -> Tensor {
        batch.permuted([0, batch.rank - 1] + Array(1..<batch.rank - 1))
    }

    private func configuration(of layer: some ConfigurableLayer) throws -> JSON {
        try JSON(encoding: layer.configuration)
    }

    @Test(arguments: layers.map(\.name)) func isTheOtherTransposed(name: String) throws {
        let (_, spatial, make) = try #require(Self.layers.first { $0.name == name })
        let batch = randomTensor(Shape([2] + spatial + [3]), seed: 5)
        for isTraining in [false, true] {
            func output(_ format: DataFormat, _ input: Tensor) throws -> Tensor {
                let layer = make(format)
                layer.dtype = .float64
                var generator = RandomGenerator(seed: 7)
                layer.buildIfNeeded(inputShape: input.shape.droppingFirst(), generator: &generator)
                let context = Context(
                    tape: nil, isTraining: isTraining, random: RandomStream(RandomGenerator(seed: 11)))
                let output = layer(Variable(input), in: context).value
                #expect(
                    layer.outputShapes(for: [input.shape.droppingFirst()]) == [output.shape.droppingFirst()])
                let described: any ConfigurableLayer = try #require(layer as? any ConfigurableLayer)
                let description = try configuration(of: described)
                #expect(description["data_format"]?.string == format.rawValue)
                return output
            }
            let last = try output(.channelsLast, batch)
            let first = try output(.channelsFirst, channelsFirst(batch))
            expectClose(
                first, channelsFirst(last), absolute: 1e-12, relative: 1e-12, "training: \(isTraining)")
        }
    }

    @Test func flattenedChannelsOfAPositionFollowOneAnother() {
        let batch = randomTensor([2, 3, 4, 5], seed: 5)
        let first = Flatten(dataFormat: .channelsFirst)(channelsFirst(batch))
        #expect(first == Flatten()(batch))
    }

    @Test func faultsCountTheOtherWay() {
        let convolution = Conv2D(4, kernelSize: 3, dataFormat: .channelsFirst)
        #expect(convolution.fault(ofInputs: [[1, 5, 2]])?.contains("does not fit") == true)
        #expect(convolution.fault(ofInputs: [[1, 5, 5]]) == nil)
        #expect(
            convolution.fault(ofInputs: [[5, 5]])
                == "samples of shape [5, 5] have rank 2, expected 3 [channels, height, width]")
    }

    /// A convolution takes on what follows it, but not a pool of another format.
    @Test(arguments: [DataFormat.channelsLast, .channelsFirst], [DataFormat.channelsLast, .channelsFirst])
    func fusedAsOneByOne(convolution: DataFormat, pool: DataFormat) throws {
        let model = Sequential(seed: 3) {
            Input(6, 6, 6)
            Conv2D(6, kernelSize: 3, padding: .same, dataFormat: convolution)
            ReLU()
            MaxPooling2D(2, dataFormat: pool)
            Conv2D(2, kernelSize: 2, dataFormat: convolution, activation: .relu)
            GlobalMaxPooling2D(dataFormat: pool)
        }
        let batch = randomTensor([3, 6, 6, 6], dtype: .float32, seed: 9)
        let fused = try model.predict(batch)
        model.acceleration = .none
        expectClose(try model.predict(batch), fused, absolute: 1e-5)
    }
}
