import CitiusLayers
import CitiusModels
import CitiusPlatform

/// The residual network of 50 layers (He, Zhang, Ren and Sun 2015, arXiv 1512.03385). Follows
/// `keras.applications.ResNet50`.
public enum ResNet50 {
    /// - Parameters:
    ///   - includeTop: whether the classifier is part of it; else its features are the output, pooled or not.
    ///   - inputShape: [height, width, channels], at least 32×32; by default [224, 224, 3].
    ///   - pooling: of the features, where there is no classifier.
    ///   - classes: how many there are.
    ///   - classifierActivation: `.linear` for logits.
    ///   - seed: of the weights and of all that is random; nil takes one at random.
    ///
    /// Traps if the shape is too small or there are no classes.
    public static func model(
        includeTop: Bool = true, inputShape: Shape? = nil, pooling: FeaturePooling? = nil,
        classes: Int = 1000, classifierActivation: ActivationFunction = .softmax, name: String = "resnet50",
        seed: UInt64? = nil
    ) -> Model {
        let application = Application(
            "ResNet50", includeTop: includeTop, inputShape: inputShape, size: 224, leastSize: 32,
            pooling: pooling, classes: classes, classifierActivation: classifierActivation)
        var x = ResNet.stem(application.input)
        x = ResNet.normalized(x, "conv1_bn", relu: "conv1_relu")
        x = ResNet.pooledStem(x)
        for (stage, (filters, blocks)) in ResNet.stages.enumerated() {
            for block in 1...blocks {
                x = self.block(
                    x, filters, strides: stage > 0 && block == 1 ? 2 : 1, changesShape: block == 1,
                    name: "conv\(stage + 2)_block\(block)")
            }
        }
        return application.model(x, name: name, seed: seed, poolNames: ("avg_pool", "max_pool"))
    }

    /// Images of red, green and blue pixels from 0 to 255 as Keras's weights expect them: in the order blue, green and
    /// red, less ImageNet's means.
    public static func preprocessInput(_ images: Tensor) -> Tensor { Preprocessing.toCenteredBGR(images) }

    private static func block(
        _ x: SymbolicTensor, _ filters: Int, strides: Int, changesShape: Bool, name: String
    ) -> SymbolicTensor {
        var shortcut = x
        if changesShape {
            let convolution = Conv2D(
                4 * filters, kernelSize: 1, strides: strides, name: name + "_0_conv")
            shortcut = ResNet.normalized(convolution(x), name + "_0_bn")
        }
        var x = Conv2D(filters, kernelSize: 1, strides: strides, name: name + "_1_conv")(x)
        x = ResNet.normalized(x, name + "_1_bn", relu: name + "_1_relu")
        x = Conv2D(filters, kernelSize: 3, padding: .same, name: name + "_2_conv")(x)
        x = ResNet.normalized(x, name + "_2_bn", relu: name + "_2_relu")
        x = ResNet.normalized(
            Conv2D(4 * filters, kernelSize: 1, name: name + "_3_conv")(x), name + "_3_bn")
        return Activation(.relu, name: name + "_out")(Add(name: name + "_add")(shortcut, x))
    }
}

/// The residual network of 50 layers whose blocks normalize first (He, Zhang, Ren and Sun 2016, arXiv 1603.05027).
/// Follows `keras.applications.ResNet50V2`.
public enum ResNet50V2 {
    /// As ``ResNet50/model(includeTop:inputShape:pooling:classes:classifierActivation:name:seed:)``.
    public static func model(
        includeTop: Bool = true, inputShape: Shape? = nil, pooling: FeaturePooling? = nil,
        classes: Int = 1000, classifierActivation: ActivationFunction = .softmax,
        name: String = "resnet50v2", seed: UInt64? = nil
    ) -> Model {
        let application = Application(
            "ResNet50V2", includeTop: includeTop, inputShape: inputShape, size: 224, leastSize: 32,
            pooling: pooling, classes: classes, classifierActivation: classifierActivation)
        var x = ResNet.pooledStem(ResNet.stem(application.input))
        for (stage, (filters, blocks)) in ResNet.stages.enumerated() {
            for block in 1...blocks {
                x = self.block(
                    x, filters, strides: stage < 3 && block == blocks ? 2 : 1, changesShape: block == 1,
                    name: "conv\(stage + 2)_block\(block)")
            }
        }
        x = ResNet.normalized(x, "post_bn", relu: "post_relu")
        return application.model(x, name: name, seed: seed, poolNames: ("avg_pool", "max_pool"))
    }

    /// Images of pixels from 0 to 255 as Keras's weights expect them, from −1 to 1.
    public static func preprocessInput(_ images: Tensor) -> Tensor { Preprocessing.toUnitRange(images) }

    private static func block(
        _ x: SymbolicTensor, _ filters: Int, strides: Int, changesShape: Bool, name: String
    ) -> SymbolicTensor {
        let first = ResNet.normalized(x, name + "_preact_bn", relu: name + "_preact_relu")
        let shortcut =
            changesShape
            ? Conv2D(4 * filters, kernelSize: 1, strides: strides, name: name + "_0_conv")(first)
            : strides > 1 ? MaxPooling2D(1, strides: strides)(x) : x
        var x = Conv2D(filters, kernelSize: 1, useBias: false, name: name + "_1_conv")(first)
        x = ResNet.normalized(x, name + "_1_bn", relu: name + "_1_relu")
        x = ZeroPadding2D(1, name: name + "_2_pad")(x)
        x = Conv2D(filters, kernelSize: 3, strides: strides, useBias: false, name: name + "_2_conv")(x)
        x = ResNet.normalized(x, name + "_2_bn", relu: name + "_2_relu")
        return Add(name: name + "_out")(
            shortcut, Conv2D(4 * filters, kernelSize: 1, name: name + "_3_conv")(x))
    }
}

/// What both have.
private enum ResNet {
    static let stages = [(filters: 64, blocks: 3), (128, 4), (256, 6), (512, 3)]

    static func stem(_ input: Input) -> SymbolicTensor {
        Conv2D(64, kernelSize: 7, strides: 2, name: "conv1_conv")(
            ZeroPadding2D(3, name: "conv1_pad")(input))
    }

    static func pooledStem(_ x: SymbolicTensor) -> SymbolicTensor {
        MaxPooling2D(3, strides: 2, name: "pool1_pool")(ZeroPadding2D(1, name: "pool1_pad")(x))
    }

    static func normalized(_ x: SymbolicTensor, _ name: String, relu: String? = nil) -> SymbolicTensor {
        let y = BatchNormalization(axis: 3, epsilon: 1.001e-5, name: name)(x)
        return relu.map { Activation(.relu, name: $0)(y) } ?? y
    }
}
