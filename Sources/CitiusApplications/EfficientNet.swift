import CitiusLayers
import CitiusModels
import CitiusPlatform

/// A network whose depth, width and resolution were found together (Tan and Le 2019, arXiv 1905.11946). Follows
/// `keras.applications.EfficientNetB0`.
public enum EfficientNetB0 {
    /// The images' pixels are from 0 to 255: the model scales them itself.
    ///
    /// - Parameters:
    ///   - includeTop: whether the classifier is part of it; else its features are the output, pooled or not.
    ///   - forImageNetWeights: whether it has the further scaling that Keras adds with `weights="imagenet"`, and that
    ///     those weights need.
    ///   - inputShape: [height, width, channels], at least 32×32; by default [224, 224, 3].
    ///   - pooling: of the features, where there is no classifier.
    ///   - classes: how many there are.
    ///   - classifierActivation: `.linear` for logits.
    ///   - seed: of the weights and of all that is random; nil takes one at random.
    ///
    /// Traps if the shape is too small or there are no classes, or for ImageNet's weights and other than 3 channels.
    public static func model(
        includeTop: Bool = true, forImageNetWeights: Bool = false, inputShape: Shape? = nil,
        pooling: FeaturePooling? = nil, classes: Int = 1000,
        classifierActivation: ActivationFunction = .softmax, name: String = "efficientnetb0",
        seed: UInt64? = nil
    ) -> Model {
        let application = Application(
            "EfficientNetB0", includeTop: includeTop, inputShape: inputShape, size: 224, leastSize: 32,
            pooling: pooling, classes: classes, classifierActivation: classifierActivation)
        var x = Normalization(axis: 3)(Rescaling(1.0 / 255)(application.input))
        if forImageNetWeights {
            require(
                x.shape[-1] == 3,
                "EfficientNetB0: inputShape is \(application.input.shape), expected 3 channels for ImageNet's weights"
            )
            x = Rescaling(scale: [0.229, 0.224, 0.225].map { 1 / $0.squareRoot() })(x)
        }
        x = paddingForStrides(x, kernelSize: 3, name: "stem_conv_pad")
        x = Conv2D(
            32, kernelSize: 3, strides: 2, useBias: false, kernelInitializer: convolutionInitializer,
            name: "stem_conv")(x)
        x = normalized(x, "stem_bn", activation: "stem_activation")

        let stages = [
            Stage(kernelSize: 3, blocks: 1, filters: 16, expansion: 1, strides: 1),
            Stage(kernelSize: 3, blocks: 2, filters: 24, expansion: 6, strides: 2),
            Stage(kernelSize: 5, blocks: 2, filters: 40, expansion: 6, strides: 2),
            Stage(kernelSize: 3, blocks: 3, filters: 80, expansion: 6, strides: 2),
            Stage(kernelSize: 5, blocks: 3, filters: 112, expansion: 6, strides: 1),
            Stage(kernelSize: 5, blocks: 4, filters: 192, expansion: 6, strides: 2),
            Stage(kernelSize: 3, blocks: 1, filters: 320, expansion: 6, strides: 1),
        ]
        let count = stages.reduce(0) { $0 + $1.blocks }
        var number = 0
        for (index, stage) in stages.enumerated() {
            for block in 0..<stage.blocks {
                let letter = Character(UnicodeScalar(UInt8(97 + block)))
                x = self.block(
                    x, stage, strides: block == 0 ? stage.strides : 1,
                    dropRate: 0.2 * Double(number) / Double(count), name: "block\(index + 1)\(letter)_")
                number += 1
            }
        }
        x = Conv2D(
            1280, kernelSize: 1, padding: .same, useBias: false, kernelInitializer: convolutionInitializer,
            name: "top_conv")(x)
        x = normalized(x, "top_bn", activation: "top_activation")
        return application.model(
            x, name: name, seed: seed, poolNames: ("avg_pool", "max_pool"),
            kernelInitializer: .varianceScaling(scale: 1.0 / 3, fan: .outputs, distribution: .uniform),
            dropout: 0.2)
    }

    /// The images as they are: the model scales their pixels, from 0 to 255, itself.
    public static func preprocessInput(_ images: Tensor) -> Tensor { images }

    private struct Stage {
        let kernelSize: Int
        let blocks: Int
        let filters: Int
        let expansion: Int
        let strides: Int
    }

    private static var convolutionInitializer: Initializer {
        .varianceScaling(scale: 2, fan: .outputs, distribution: .truncatedNormal)
    }

    private static func normalized(
        _ x: SymbolicTensor, _ name: String, activation: String? = nil
    ) -> SymbolicTensor {
        let y = BatchNormalization(axis: 3, name: name)(x)
        return activation.map { Activation(.silu, name: $0)(y) } ?? y
    }

    private static func block(
        _ input: SymbolicTensor, _ stage: Stage, strides: Int, dropRate: Double, name: String
    ) -> SymbolicTensor {
        let (channels, initializer) = (input.shape[-1], convolutionInitializer)
        let filters = channels * stage.expansion
        var x = input
        if stage.expansion != 1 {
            x = Conv2D(
                filters, kernelSize: 1, padding: .same, useBias: false, kernelInitializer: initializer,
                name: name + "expand_conv")(x)
            x = normalized(x, name + "expand_bn", activation: name + "expand_activation")
        }
        if strides == 2 { x = paddingForStrides(x, kernelSize: stage.kernelSize, name: name + "dwconv_pad") }
        x = DepthwiseConv2D(
            stage.kernelSize, strides: strides, padding: strides == 2 ? .valid : .same, useBias: false,
            depthwiseInitializer: initializer, name: name + "dwconv")(x)
        x = normalized(x, name + "bn", activation: name + "activation")

        // Squeeze and excitation: every channel is multiplied by what the means of all say of it.
        var gates = GlobalAveragePooling2D(name: name + "se_squeeze")(x)
        gates = Reshape([1, 1, filters], name: name + "se_reshape")(gates)
        gates = Conv2D(
            max(1, channels / 4), kernelSize: 1, padding: .same, activation: .silu,
            kernelInitializer: initializer, name: name + "se_reduce")(gates)
        gates = Conv2D(
            filters, kernelSize: 1, padding: .same, activation: .sigmoid, kernelInitializer: initializer,
            name: name + "se_expand")(gates)
        x = Multiply(name: name + "se_excite")(x, gates)

        x = Conv2D(
            stage.filters, kernelSize: 1, padding: .same, useBias: false, kernelInitializer: initializer,
            name: name + "project_conv")(x)
        x = normalized(x, name + "project_bn")
        guard strides == 1, channels == stage.filters else { return x }
        if dropRate > 0 { x = Dropout(dropRate, noiseShape: [nil, 1, 1, 1], name: name + "drop")(x) }
        return Add(name: name + "add")(x, input)
    }
}
