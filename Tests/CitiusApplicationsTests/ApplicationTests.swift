import CitiusApplications
import CitiusTestSupport
import Testing

/// Keras's own networks are compared by `Tests/Keras/run`.
@Suite struct ApplicationTests {
    @Test func shapesNamesAndSizes() throws {
        let model = MobileNet.model(inputShape: [32, 48, 3], alpha: 0.25, classes: 5, seed: 1)
        #expect(model.name == "mobilenet_0.25_32")
        #expect(model.layers.map(\.name).prefix(3) == ["input_layer", "conv1", "conv1_bn"])
        // As in Keras.
        #expect(model.parameterCount == 219_829)
        let output = try model.predict(Tensor(zeros: [2, 32, 48, 3]))
        #expect(output.shape == [2, 5])
        expectClose(output.sum(axis: 1), Tensor(ones: [2]), absolute: 1e-5)
    }

    @Test func features() {
        let model = MobileNetV2.model(inputShape: [40, 32, 3], alpha: 0.35, includeTop: false, seed: 1)
        #expect(model.outputShapes == [[2, 1, 1280]])
        let pooled = MobileNetV2.model(
            inputShape: [40, 32, 3], alpha: 0.35, includeTop: false, pooling: .maximum, seed: 1)
        #expect(pooled.outputShapes == [[1280]])
    }

    @Test func seedsDecide() {
        func weights(_ seed: UInt64) -> [Tensor] {
            MobileNet.model(inputShape: [32, 32, 3], alpha: 0.25, includeTop: false, seed: seed).weights
        }
        #expect(weights(3) == weights(3))
        #expect(weights(3) != weights(4))
    }

    @Test func preparedImages() {
        let pixels = Tensor([0, 127.5, 255] as [Float], shape: [1, 1, 1, 3])
        #expect(MobileNet.preprocessInput(pixels).elements(as: Float.self) == [-1, 0, 1])
        expectClose(
            VGG16.preprocessInput(pixels),
            Tensor([255 - 103.939, 127.5 - 116.779, -123.68] as [Float], shape: [1, 1, 1, 3]), absolute: 1e-4)
        let bytes = Tensor([0, 51, 255] as [UInt8], shape: [1, 1, 1, 3])
        #expect(ResNet50.preprocessInput(bytes).dtype == .float32)
        #expect(EfficientNetB0.preprocessInput(bytes) == bytes)
    }

    @Test func wrongShapesTrap() async {
        let small = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = InceptionV3.model(inputShape: [74, 80, 3])
        }
        #expect(
            message(of: small).contains(
                "InceptionV3: inputShape is [74, 80, 3], expected [height, width, channels] of at least 75×75 pixels"
            ))
        let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = VGG16.model(inputShape: [32, 32, 3], classes: 0)
        }
        #expect(message(of: none).contains("VGG16: classes is 0, expected a positive number"))
    }

    private func message(of result: ExitTest.Result?) -> String {
        String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
    }
}
