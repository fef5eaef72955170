import CitiusData
import CitiusModels
import CitiusOptimizers
import CitiusTestSupport
import Testing

@testable import CitiusLayers

/// What layers make of images once their random numbers are drawn, against Keras (`Tests/Golden/image_transforms.py`).
@Suite struct ImageTransformTests {
    @Test(arguments: GoldenFile.load("image_transforms").cases)
    func keras(golden: GoldenCase) {
        let x = Variable(golden.tensor("images"))
        let first = golden.optionalTensor("a") ?? Tensor(0.0)
        let second = golden.optionalTensor("b") ?? Tensor(0.0)
        func decisions() -> Tensor { golden.tensor("decisions", dtype: .bool) }
        func output() -> Variable? {
            switch golden.name.split(separator: " ").first ?? "" {
            case "affine":
                return x.transformed(
                    by: golden.tensor("transforms"),
                    interpolation: Interpolation(rawValue: golden.text("interpolation")) ?? .bicubic,
                    fill: FillMode(rawValue: golden.text("fill")) ?? .constant, fillValue: 7)
            case "grayscale": return x.grayscale()
            case "hsv": return x.rgbToHSV()
            case "rgb": return x.hsvToRGB()
            case "patches":
                return x.extractedPatches(size: Size2D(2, 3), strides: Size2D(1, 2), padding: .same)
            case "RandomFlip":
                return RandomFlip(RandomFlip.Mode(rawValue: golden.text("mode")) ?? .vertical).flipped(
                    x, where: decisions())
            case "RandomRotation": return RandomRotation(0.5).rotated(x, by: first)
            case "RandomTranslation":
                return RandomTranslation(heightFactor: 0.5, widthFactor: 0.5).moved(
                    x, down: first, right: second)
            case "RandomZoom": return RandomZoom(0.5).zoomed(x, height: first, width: second)
            case "RandomShear": return RandomShear().sheared(x, x: first, y: second)
            case "RandomContrast": return RandomContrast(0.5).contrasted(x, by: first)
            case "RandomBrightness": return RandomBrightness(0.5).brightened(x, by: first)
            case "RandomSharpness": return RandomSharpness(0.5).sharpened(x, by: first)
            case "RandomHue": return RandomHue(0.5).turned(x, by: first)
            case "RandomSaturation":
                return RandomSaturation(0.5, valueRange: 0...1).saturated(x, by: first)
            case "RandomColorDegeneration": return RandomColorDegeneration(0.5).degenerated(x, by: first)
            case "RandomInvert": return RandomInvert().inverted(x, where: decisions())
            case "RandomGrayscale": return RandomGrayscale().grayed(x, where: decisions())
            case "RandomPosterization":
                return RandomPosterization(4.0).posterized(
                    x, bits: first.elements(as: Double.self).map { Int($0) })
            case "Solarization": return Solarization().solarized(x, additions: first, thresholds: second)
            case "Equalization":
                var generator = RandomGenerator(seed: 1)
                return Equalization().augmented(x, using: &generator)
            case "MixUp": return MixUp().blended(x, first.cast(to: .int64), second)
            case "RandomGaussianBlur":
                let size = Size2D(Int(golden.number("height") ?? 0), Int(golden.number("width") ?? 0))
                return RandomGaussianBlur(kernelSize: size).blurred(
                    x, where: decisions(), sigma: first.elements(as: Double.self))
            case "RandomPerspective":
                return RandomPerspective(
                    interpolation: Interpolation(rawValue: golden.text("interpolation")) ?? .bicubic,
                    fillValue: 7
                ).turned(x, where: decisions(), moves: first)
            case "RandomElasticTransform":
                return RandomElasticTransform(
                    interpolation: Interpolation(rawValue: golden.text("interpolation")) ?? .bicubic,
                    fillMode: FillMode(rawValue: golden.text("fill")) ?? .constant, fillValue: 7
                ).distorted(
                    x, where: decisions(), strength: 3,
                    noise: Tensor.concatenate([first, first], axis: 0).expandingAxis(at: 3))
            case "AugMix":
                let weights = first.elements(as: Double.self)
                let bright = RandomBrightness(0.5).brightened(x, by: second)
                return AugMix().mixed(
                    x, kept: 0.25,
                    [
                        (weights[0], AutoContrast()(x)), (weights[1], x),
                        (weights[2], AutoContrast()(bright)),
                    ])
            default: return nil
            }
        }
        guard let output = output() else {
            Issue.record("\(golden): not tested")
            return
        }
        // Keras's factors are of float32 in places, and so is its perspective.
        let tolerance = golden.name.hasPrefix("RandomPerspective") ? 2e-3 : 2e-5
        expectClose(
            output.value, golden.tensor("output"), absolute: tolerance, relative: 2e-6, golden.name)
    }

    @Test(arguments: ["Rescaling", "Resizing", "CenterCrop", "AutoContrast"])
    func layersWithoutChance(name: String) { checkGolden(name) }

    /// In inference they do nothing; they are made from Keras's configurations.
    @Test(arguments: [
        "RandomFlip", "RandomRotation", "RandomTranslation", "RandomZoom", "RandomShear", "RandomCrop",
        "RandomContrast", "RandomBrightness", "RandomSharpness", "RandomHue", "RandomSaturation",
        "RandomColorDegeneration", "RandomInvert", "RandomPosterization", "RandomGrayscale", "RandomErasing",
        "RandomColorJitter", "RandAugment", "MixUp", "CutMix", "Solarization", "Equalization",
        "RandomGaussianBlur", "RandomPerspective", "RandomElasticTransform", "AugMix",
    ])
    func layersOfChanceInInference(name: String) { checkGolden(name) }
}

@Suite struct ImageLayersTests {
    @Test func contracts() {
        checkLayerContract(inputShape: [3, 4, 2]) { Rescaling(scale: [2, 0.5], offset: [1, -1]) }
        checkLayerContract(inputShape: [5, 4, 2]) { Resizing(3, 7, interpolation: .bicubic, antialias: true) }
        checkLayerContract(inputShape: [5, 8, 1]) { Resizing(3, 3, padToAspectRatio: true) }
        checkLayerContract(inputShape: [5, 4, 2]) { CenterCrop(3, 2) }
        checkLayerContract(inputShape: [3, 4, 2]) { RandomFlip() }
        for fill in [FillMode.reflect, .wrap, .constant, .nearest] {
            checkLayerContract(inputShape: [4, 5, 2]) { RandomRotation(0.3, fillMode: fill) }
        }
        checkLayerContract(inputShape: [4, 5, 2]) {
            RandomTranslation(heightFactor: 0.3, widthFactor: -0.2...0.4, interpolation: .nearest)
        }
        checkLayerContract(inputShape: [4, 5, 2]) { RandomZoom(0.3, widthFactor: 0.2) }
        checkLayerContract(inputShape: [4, 5, 2]) { RandomShear(xFactor: 0.2, yFactor: 0.1...0.3, seed: 3) }
        checkLayerContract(inputShape: [6, 5, 2]) { RandomCrop(3, 4) }
        let range = -2.0...2.0
        checkLayerContract(inputShape: [3, 4, 2]) { RandomContrast(0.5, valueRange: range) }
        checkLayerContract(inputShape: [3, 4, 2]) { RandomBrightness(0.2, valueRange: range) }
        checkLayerContract(inputShape: [3, 4, 2]) { RandomSharpness(0.8, valueRange: range) }
        checkLayerContract(inputShape: [3, 4, 3]) { RandomHue(0.5, valueRange: range) }
        checkLayerContract(inputShape: [3, 4, 3]) { RandomColorDegeneration(0.5, valueRange: range) }
        checkLayerContract(inputShape: [3, 4, 2]) { RandomInvert(valueRange: range) }
        checkLayerContract(inputShape: [3, 4, 3]) { RandomGrayscale() }
        checkLayerContract(inputShape: [5, 4, 2]) { RandomErasing(fillValue: 0.5, valueRange: range) }
        checkLayerContract(inputShape: [3, 4, 3]) {
            RandomColorJitter(valueRange: range, brightnessFactor: 0.1, contrastFactor: 0.2)
        }
        checkLayerContract(inputShape: [3, 4, 2]) {
            RandomGaussianBlur(kernelSize: [3, 5], valueRange: range)
        }
        for interpolation in [Interpolation.nearest, .bilinear] {
            checkLayerContract(inputShape: [3, 4, 2]) { RandomPerspective(interpolation: interpolation) }
        }
        for fill in [FillMode.reflect, .wrap, .constant, .nearest] {
            checkLayerContract(inputShape: [4, 5, 2]) {
                RandomElasticTransform(fillMode: fill, valueRange: range)
            }
        }
        checkLayerContract(inputShape: [1, 1, 2]) { RandomPerspective() }
        checkLayerContract(inputShape: [1, 1, 2]) { RandomElasticTransform(valueRange: range) }
        checkLayerContract(inputShape: [3, 4, 2]) { MixUp() }
        checkLayerContract(inputShape: [3, 4, 2]) { CutMix() }
        checkLayerContract(inputShape: [3, 4, 2]) {
            Solarization(additionFactor: 0.1, thresholdFactor: 0.5, valueRange: range)
        }
        checkLayerContract(inputShape: [3, 4, 2]) { AutoContrast(valueRange: range) }
    }

    private static let layers: [(String, @Sendable () -> ImageAugmentation)] = [
        ("flip", { RandomFlip(seed: 4) }), ("rotation", { RandomRotation(0.2, seed: 4) }),
        ("translation", { RandomTranslation(heightFactor: 0.2, widthFactor: 0.2, seed: 4) }),
        ("zoom", { RandomZoom(0.2, seed: 4) }), ("shear", { RandomShear(xFactor: 0.3, seed: 4) }),
        ("crop", { RandomCrop(8, 9, seed: 4) }), ("contrast", { RandomContrast(0.5, seed: 4) }),
        ("brightness", { RandomBrightness(0.5, seed: 4) }), ("sharpness", { RandomSharpness(0.9, seed: 4) }),
        ("hue", { RandomHue(0.5, seed: 4) }),
        ("saturation", { RandomSaturation(0.3, seed: 4) }),
        ("degeneration", { RandomColorDegeneration(0.5, seed: 4) }), ("invert", { RandomInvert(seed: 4) }),
        ("posterization", { RandomPosterization(2.0...6.0, seed: 4) }),
        ("erasing", { RandomErasing(seed: 4) }),
        ("jitter", { RandomColorJitter(brightnessFactor: 0.2, hueFactor: 0.3, seed: 4) }),
        ("rand augment", { RandAugment(seed: 4) }), ("mix up", { MixUp(seed: 4) }),
        ("cut mix", { CutMix(seed: 4) }), ("blur", { RandomGaussianBlur(seed: 4) }),
        ("perspective", { RandomPerspective(seed: 4) }), ("elastic", { RandomElasticTransform(seed: 4) }),
        ("aug mix", { AugMix(seed: 4) }), ("solarization", { Solarization(thresholdFactor: 0.5, seed: 4) }),
    ]

    private func images(_ count: Int = 6) -> Tensor {
        randomTensor([count, 12, 14, 3], dtype: .float32, in: 0..<255, seed: 1)
    }

    private func training(seed: UInt64 = 2) -> Context {
        Context(tape: nil, isTraining: true, random: RandomStream(seed: seed))
    }

    /// The same seed gives the same pictures, whatever the model's seed and the number of threads; the next batch
    /// others.
    @Test(arguments: layers.indices)
    func aSeedSaysAll(index: Int) throws {
        let (name, make) = Self.layers[index]
        let x = Variable(images())
        let context = training()
        let first = make()(x, in: context).value
        #expect(first == make()(x, in: training(seed: 9)).value, "\(name)")
        if name != "rand augment" { #expect(first != x.value, "\(name)") }
        #expect(make()(x, in: context).value != first || name == "crop" || name == "rand augment", "\(name)")
        try expectSameBitsOnAnyThreads(name) { [make()(x, in: training()).value] }
        #expect(make()(x).shape.rank == 4)
        #expect(first.min().scalar >= -1e-3 && first.max().scalar <= 255.001, "\(name)")
    }

    /// Without a seed the model's stream decides.
    @Test func withoutASeedTheStreamDecides() {
        let x = Variable(images())
        let layer = RandomRotation(0.2)
        #expect(layer(x, in: training(seed: 1)).value == layer(x, in: training(seed: 1)).value)
        #expect(layer(x, in: training(seed: 1)).value != layer(x, in: training(seed: 3)).value)
    }

    @Test func halfOfTheImagesAreFlipped() {
        let count = 4_000
        let x = Tensor((0..<count).flatMap { _ in [1, 2] as [Float] }, shape: [count, 1, 2, 1])
        let y = RandomFlip(.horizontal)(Variable(x), in: training(seed: 5)).value
        let fraction = y.sliced(0..<1, axis: 2).mean().scalar - 1
        #expect(abs(fraction - 0.5) < 0.03)
    }

    @Test func anglesAreSpreadEvenly() {
        var generator = RandomGenerator(seed: 6)
        let numbers = generator.numbers(20_000, in: -0.25...0.75)
        #expect(numbers.min().scalar >= -0.25 && numbers.max().scalar < 0.75)
        #expect(abs(numbers.mean().scalar - 0.25) < 0.01)
        #expect(abs(numbers.variance().scalar - 1.0 / 12) < 0.005)
    }

    /// Means and variances of Beta(a, b): a/(a + b) and ab/((a + b)²(a + b + 1)).
    @Test(arguments: [(0.2, 0.2), (1, 1), (2, 5), (0.5, 3)])
    func beta(a: Double, b: Double) {
        var generator = RandomGenerator(seed: 7)
        let numbers = Tensor((0..<20_000).map { _ in generator.beta(a, b) })
        #expect(abs(numbers.mean().scalar - a / (a + b)) < 0.01)
        #expect(abs(numbers.variance().scalar - a * b / ((a + b) * (a + b) * (a + b + 1))) < 0.01)
    }

    /// A rectangle of the size that was asked for, somewhere in each image.
    @Test func boxesAreWhereTheyShouldBe() {
        var generator = RandomGenerator(seed: 8)
        let count = 500
        let half = Tensor([Double](repeating: 0.5, count: count))
        let boxes = Boxes(over: [count, 20, 40, 3], width: half, height: half, using: &generator)
        let areas = boxes.mask.cast(to: .float64).mean(axes: [1, 2, 3])
        expectClose(areas, Tensor([Double](repeating: 0.25, count: count)), absolute: 0.03)
        let rows = boxes.mask.cast(to: .float64).mean(axes: [0, 2, 3])
        // Rows in the middle are covered most often, the first and the last ones hardly ever.
        #expect(rows[10].scalar > 0.4 && rows[0].scalar < 0.1 && rows[19].scalar < 0.1)
    }

    @Test func labelsAreMixedAsImagesAre() {
        var generator = RandomGenerator(seed: 9)
        let labels = Tensor(identity: 5)
        let images = labels.reshaped(to: [5, 1, 1, 5]).expanded(to: [5, 16, 16, 5])
        let blended = MixUp(1).mixed(images: images, labels: labels, using: &generator)
        expectClose(blended.images.mean(axes: [1, 2]), blended.labels, absolute: 1e-5)
        let cut = CutMix().mixed(images: images, labels: labels, using: &generator)
        // The rectangle's pixels are counted, not measured.
        expectClose(cut.images.mean(axes: [1, 2]), cut.labels, absolute: 0.13)
        #expect(cut.labels != labels)
    }

    @Test func whatIsOutOfRangeTraps() async {
        let factor = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = RandomRotation(1.5)
        }
        #expect(
            message(of: factor).contains("RandomRotation: factor is [1.5], expected numbers from -1.0 to 1.0")
        )
        let channels = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            _ = RandomHue(0.5)(Input(4, 4, 1))
        }
        #expect(message(of: channels).contains("have 1 channels, expected 3"))
    }
}

/// A model with augmentation learns, is saved with it and predicts without it.
@Suite struct AugmentedTrainingTests {
    @Test func trainsAndIsSaved() throws {
        let x = randomTensor([64, 8, 8, 1], dtype: .float32, in: 0..<255, seed: 1)
        let y = Tensor((0..<64).map { Int64($0 % 2) })
        func make() -> Sequential {
            let model = Sequential(seed: 3) {
                Input(8, 8, 1)
                Rescaling(1.0 / 255)
                RandomFlip(.horizontal)
                RandomTranslation(heightFactor: 0.1, widthFactor: 0.1, seed: 5)
                Conv2D(4, kernelSize: 3, activation: .relu)
                GlobalMaxPooling2D()
                Dense(2, activation: .softmax)
            }
            model.compile(optimizer: SGD(0.1), loss: .sparseCategoricalCrossentropy)
            return model
        }
        let (one, two) = (make(), make())
        for model in [one, two] {
            _ = try model.fit(Dataset(inputs: x, targets: y), batchSize: 16, epochs: 2, verbose: .silent)
        }
        #expect(one.weights == two.weights)
        #expect(try one.predict(x) == one.predict(x))
    }
}
