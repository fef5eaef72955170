import CitiusLayers
import CitiusModels
import CitiusTestSupport
import Testing

@Suite struct ActivityRegularizationTests {
    @Test func keras() { checkGolden("ActivityRegularization") }

    @Test func contract() {
        checkLayerContract(inputShape: [4, 3]) { ActivityRegularization(l1: 0.1, l2: 0.2) }
    }

    /// In `fit`'s loss, whatever the batch's size, and for a layer that a model would fuse with what follows.
    @Test(arguments: [false, true]) func countsInALossOfAModel(fuses: Bool) throws {
        let conv = Conv2D(2, kernelSize: 3)
        conv.activityRegularizer = .l2(0.5)
        let model = Sequential(
            [Input(6, 6, 1), conv, Activation(.relu), MaxPooling2D(2), Flatten(), Dense(1)], seed: 1)
        model.acceleration = fuses ? .full : .none
        model.compile(optimizer: .sgd, loss: .meanSquaredError)
        let (x, y) = (randomTensor([4, 6, 6, 1], dtype: .float32, seed: 1), Tensor(zeros: [4, 1]))
        let penalty = conv(x).squared().sum().scalar * 0.5 / 4
        let plain = (try model.predict(x) - y).squared().mean().scalar
        let loss = try model.testOnBatch(x, y)["loss"]
        #expect(abs(loss - (plain + penalty)) < 1e-4 * loss, "\(loss), \(plain), \(penalty)")
    }

    @Test func isSavedWithAnyLayer() throws {
        let model = Sequential([Input(3), Dense(2, activityRegularizer: .l1(0.25))])
        let copy = try Model.make(from: model.architecture())
        #expect(try copy.architecture() == model.architecture())
        #expect(copy.layers[0].activityRegularizer?.name == "L1")
    }
}
