import CitiusTestSupport
import Testing

@testable import CitiusLayers

@Suite struct PoolingLayersTests {
    @Test(arguments: [
        "MaxPooling1D", "MaxPooling3D", "AveragePooling1D", "AveragePooling3D", "GlobalMaxPooling1D",
        "GlobalMaxPooling3D", "GlobalAveragePooling1D", "GlobalAveragePooling3D",
    ])
    func keras(name: String) { checkGolden(name) }

    @Test func contracts() {
        checkLayerContract(inputShape: [7, 2]) { MaxPooling1D(3, strides: 2, padding: .same) }
        checkLayerContract(inputShape: [7, 2]) { AveragePooling1D(3, strides: 2, padding: .same) }
        checkLayerContract(inputShape: [3, 4, 5, 2]) { MaxPooling3D([2, 1, 3], strides: 2, padding: .same) }
        checkLayerContract(inputShape: [3, 4, 5, 2]) { AveragePooling3D(2, strides: [1, 2, 3]) }
        checkLayerContract(inputShape: [5, 3]) { GlobalMaxPooling1D() }
        checkLayerContract(inputShape: [5, 3]) { GlobalAveragePooling1D(keepDimensions: true) }
        checkLayerContract(inputShape: [2, 3, 2, 3]) { GlobalMaxPooling3D(keepDimensions: true) }
        checkLayerContract(inputShape: [2, 3, 2, 3]) { GlobalAveragePooling3D() }
    }

    /// The first of equals, in the order depth, height, width, gets the gradient.
    @Test func theFirstOfEqualsWins() {
        let tape = Tape()
        let input = tape.watch(Tensor(ones: [1, 2, 2, 2, 1], dtype: .float64))
        let output = MaxPooling3D(2)(input, in: .training(tape))
        #expect(
            tape.gradients(of: output.sum())[input].elements(as: Double.self) == [1, 0, 0, 0, 0, 0, 0, 0])
    }
}

@Suite struct SpatialLayersTests {
    @Test(arguments: [
        "ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D", "Cropping1D", "Cropping2D", "Cropping3D",
        "UpSampling1D", "UpSampling2D", "UpSampling3D",
    ])
    func keras(name: String) { checkGolden(name) }

    @Test func contracts() {
        checkLayerContract(inputShape: [3, 2]) { ZeroPadding1D(before: 2, after: 0) }
        checkLayerContract(inputShape: [3, 2, 2]) { ZeroPadding2D(top: 1, right: 2) }
        checkLayerContract(inputShape: [2, 3, 2, 1]) { ZeroPadding3D([1, 0, 2]) }
        checkLayerContract(inputShape: [5, 2]) { Cropping1D(before: 2, after: 1) }
        checkLayerContract(inputShape: [4, 5, 2]) { Cropping2D([1, 2]) }
        checkLayerContract(inputShape: [3, 3, 4, 1]) { Cropping3D() }
        checkLayerContract(inputShape: [3, 2]) { UpSampling1D(3) }
        for interpolation in [Interpolation.nearest, .bilinear, .bicubic, .lanczos3] {
            checkLayerContract(inputShape: [3, 4, 2]) {
                UpSampling2D([2, 3], interpolation: interpolation)
            }
        }
        checkLayerContract(inputShape: [2, 1, 3, 2]) { UpSampling3D([1, 3, 2]) }
    }

    @Test func nothingLeftTraps() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = Cropping2D(2)(Input(4, 5, 1))
        }
        #expect(
            message(of: result).contains(
                "Cropping2D: nothing is left of samples of shape [4, 5, 1], cropped by [[2, 2], [2, 2]]"))
    }

    /// What a file could ask for: sizes that no machine holds.
    @Test func hugeSizesAreFaults() {
        let huge = 1 << 31 - 1
        #expect(UpSampling2D(huge).fault(ofInputs: [[huge, huge, 4]]) != nil)
        #expect(UpSampling3D(huge).fault(ofInputs: [[4, 4, 4, 4]]) != nil)
        #expect(ZeroPadding3D(huge).fault(ofInputs: [[4, 4, 4, 4]]) != nil)
        #expect(
            Conv3DTranspose(4, kernelSize: huge, strides: huge).fault(ofInputs: [[4, 4, 4, 4]]) != nil)
        #expect(ZeroPadding2D.Configuration(padding: [Margin(1)]).fault != nil)
        #expect(Cropping1D.Configuration(cropping: Margin(-1, 2)).fault != nil)
    }
}
