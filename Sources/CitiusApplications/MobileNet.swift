import CitiusLayers
import CitiusModels
import CitiusPlatform

/// A small network of depthwise convolutions (Howard and others 2017, arXiv 1704.04861). Follows
/// `keras.applications.MobileNet`.
public enum MobileNet {
    /// - Parameters:
    ///   - inputShape: [height, width, channels], at least 32×32; by default [224, 224, 3].
    ///   - alpha: the layers' channels are multiplied by it.
    ///   - depthMultiplier: outputs of each channel of a depthwise convolution.
    ///   - dropout: the fraction of the features that is dropped before the classifier.
    ///   - includeTop: whether the classifier is part of it; else its features are the output, pooled or not.
    ///   - pooling: of the features, where there is no classifier.
    ///   - classes: how many there are.
    ///   - classifierActivation: `.linear` for logits.
    ///   - name: by default of alpha and the images' height, as in Keras.
    ///   - seed: of the weights and of all that is random; nil takes one at random.
    ///
    /// Traps if the shape is too small, if there are no classes, or if alpha leaves a layer no channels.
    public static func model(
        inputShape: Shape? = nil, alpha: Double = 1, depthMultiplier: Int = 1, dropout: Double = 1e-3,
        includeTop: Bool = true, pooling: FeaturePooling? = nil, classes: Int = 1000,
        classifierActivation: ActivationFunction = .softmax, name: String? = nil, seed: UInt64? = nil
    ) -> Model {
        let application = Application(
            "MobileNet", includeTop: includeTop, inputShape: inputShape, size: 224, leastSize: 32,
            pooling: pooling, classes: classes, classifierActivation: classifierActivation)
        func scaled(_ filters: Int) -> Int { Int(Double(filters) * alpha) }
        func normalized(_ x: SymbolicTensor, _ name: String) -> SymbolicTensor {
            ReLU(maxValue: 6, name: name + "_relu")(BatchNormalization(name: name + "_bn")(x))
        }
        var x = normalized(
            Conv2D(
                scaled(32), kernelSize: 3, strides: 2, padding: .same, useBias: false, name: "conv1")(
                    application.input), "conv1")
        let blocks = [
            (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1),
            (512, 1), (1024, 2), (1024, 1),
        ]
        for (index, (filters, strides)) in blocks.enumerated() {
            let number = index + 1
            if strides > 1 {
                x = ZeroPadding2D(bottom: 1, right: 1, name: "conv_pad_\(number)")(x)
            }
            x = DepthwiseConv2D(
                3, strides: strides, padding: strides == 1 ? .same : .valid,
                depthMultiplier: depthMultiplier, useBias: false, name: "conv_dw_\(number)")(x)
            x = normalized(x, "conv_dw_\(number)")
            x = Conv2D(
                scaled(filters), kernelSize: 1, padding: .same, useBias: false, name: "conv_pw_\(number)")(x)
            x = normalized(x, "conv_pw_\(number)")
        }
        let label = name ?? "mobilenet_\(twoDecimals(alpha))_\(application.input.shape[0])"
        return application.model(x, name: label, seed: seed) { features in
            var x = GlobalAveragePooling2D(keepDimensions: true)(features)
            x = Dropout(dropout, name: "dropout")(x)
            x = Conv2D(classes, kernelSize: 1, padding: .same, name: "conv_preds")(x)
            x = Reshape([classes], name: "reshape_2")(x)
            return Activation(classifierActivation, name: "predictions")(x)
        }
    }

    /// Images of pixels from 0 to 255 as Keras's weights expect them, from −1 to 1.
    public static func preprocessInput(_ images: Tensor) -> Tensor { Preprocessing.toUnitRange(images) }
}

/// A small network of inverted residual blocks (Sandler and others 2018, arXiv 1801.04381). Follows
/// `keras.applications.MobileNetV2`.
public enum MobileNetV2 {
    /// As ``MobileNet/model(inputShape:alpha:depthMultiplier:dropout:includeTop:pooling:classes:classifierActivation:name:seed:)``.
    public static func model(
        inputShape: Shape? = nil, alpha: Double = 1, includeTop: Bool = true,
        pooling: FeaturePooling? = nil, classes: Int = 1000,
        classifierActivation: ActivationFunction = .softmax, name: String? = nil, seed: UInt64? = nil
    ) -> Model {
        let application = Application(
            "MobileNetV2", includeTop: includeTop, inputShape: inputShape, size: 224, leastSize: 32,
            pooling: pooling, classes: classes, classifierActivation: classifierActivation)
        var x = Conv2D(
            roundedChannels(32 * alpha), kernelSize: 3, strides: 2, padding: .same, useBias: false,
            name: "Conv1")(application.input)
        x = ReLU(maxValue: 6, name: "Conv1_relu")(normalized(x, "bn_Conv1"))
        // Channels, blocks and the first one's strides.
        let stages = [(16, 1, 1), (24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)]
        var number = 0
        for (filters, blocks, strides) in stages {
            for block in 0..<blocks {
                x = self.block(
                    x, roundedChannels(Double(Int(Double(filters) * alpha))),
                    strides: block == 0 ? strides : 1, number: number)
                number += 1
            }
        }
        x = Conv2D(
            alpha > 1 ? roundedChannels(1280 * alpha) : 1280, kernelSize: 1, useBias: false, name: "Conv_1")(
                x)
        x = ReLU(maxValue: 6, name: "out_relu")(normalized(x, "Conv_1_bn"))
        let label = name ?? "mobilenetv2_\(twoDecimals(alpha))_\(application.input.shape[0])"
        return application.model(x, name: label, seed: seed)
    }

    /// Images of pixels from 0 to 255 as Keras's weights expect them, from −1 to 1.
    public static func preprocessInput(_ images: Tensor) -> Tensor { Preprocessing.toUnitRange(images) }

    private static func normalized(_ x: SymbolicTensor, _ name: String) -> SymbolicTensor {
        BatchNormalization(momentum: 0.999, name: name)(x)
    }

    /// Six times as many channels, a depthwise convolution of these, and back to few; beside it, where the shape stays,
    /// the input.
    private static func block(
        _ input: SymbolicTensor, _ filters: Int, strides: Int, number: Int
    ) -> SymbolicTensor {
        let prefix = number == 0 ? "expanded_conv_" : "block_\(number)_"
        var x = input
        if number > 0 {
            x = Conv2D(
                6 * input.shape[-1], kernelSize: 1, padding: .same, useBias: false, name: prefix + "expand")(
                    x)
            x = ReLU(maxValue: 6, name: prefix + "expand_relu")(normalized(x, prefix + "expand_BN"))
        }
        if strides == 2 { x = paddingForStrides(x, kernelSize: 3, name: prefix + "pad") }
        x = DepthwiseConv2D(
            3, strides: strides, padding: strides == 1 ? .same : .valid, useBias: false,
            name: prefix + "depthwise")(x)
        x = ReLU(maxValue: 6, name: prefix + "depthwise_relu")(normalized(x, prefix + "depthwise_BN"))
        x = Conv2D(filters, kernelSize: 1, padding: .same, useBias: false, name: prefix + "project")(x)
        x = normalized(x, prefix + "project_BN")
        return strides == 1 && input.shape[-1] == filters ? Add(name: prefix + "add")(input, x) : x
    }
}

/// `0.25`
private func twoDecimals(_ number: Double) -> String {
    let hundredths = Int((number * 100).rounded(.toNearestOrEven))
    return "\(hundredths / 100).\(hundredths / 10 % 10)\(hundredths % 10)"
}
