import CitiusLayers
import CitiusModels

/// A network of separable convolutions and residual connections (Chollet 2016, arXiv 1610.02357). Follows
/// `keras.applications.Xception`.
public enum Xception {
    /// As ``ResNet50/model(includeTop:inputShape:pooling:classes:classifierActivation:name:seed:)``, but for images of at
    /// least 71×71, by default [299, 299, 3].
    public static func model(
        includeTop: Bool = true, inputShape: Shape? = nil, pooling: FeaturePooling? = nil,
        classes: Int = 1000, classifierActivation: ActivationFunction = .softmax, name: String = "xception",
        seed: UInt64? = nil
    ) -> Model {
        let application = Application(
            "Xception", includeTop: includeTop, inputShape: inputShape, size: 299, leastSize: 71,
            pooling: pooling, classes: classes, classifierActivation: classifierActivation)
        var x = application.input.symbol
        for (number, filters) in [32, 64].enumerated() {
            let name = "block1_conv\(number + 1)"
            x = Conv2D(filters, kernelSize: 3, strides: number == 0 ? 2 : 1, useBias: false, name: name)(x)
            x = Activation(.relu, name: name + "_act")(BatchNormalization(name: name + "_bn")(x))
        }
        for (block, filters) in [(2, 128), (3, 256), (4, 728)] {
            x = shrinkingBlock(x, [filters, filters], "block\(block)", beginsWithActivation: block > 2)
        }
        for block in 5...12 {
            var y = x
            for number in 1...3 {
                y = separable(relu(y, block, number), 728, "block\(block)_sepconv\(number)")
            }
            x = Add()(y, x)
        }
        x = shrinkingBlock(x, [728, 1024], "block13", beginsWithActivation: true)
        for (number, filters) in [1536, 2048].enumerated() {
            x = relu(separable(x, filters, "block14_sepconv\(number + 1)"), 14, number + 1)
        }
        return application.model(
            x, name: name, seed: seed, poolNames: (includeTop ? "avg_pool" : nil, nil))
    }

    /// Images of pixels from 0 to 255 as Keras's weights expect them, from −1 to 1.
    public static func preprocessInput(_ images: Tensor) -> Tensor { Preprocessing.toUnitRange(images) }

    private static func relu(_ x: SymbolicTensor, _ block: Int, _ number: Int) -> SymbolicTensor {
        Activation(.relu, name: "block\(block)_sepconv\(number)_act")(x)
    }

    private static func separable(_ x: SymbolicTensor, _ filters: Int, _ name: String) -> SymbolicTensor {
        BatchNormalization(name: name + "_bn")(
            SeparableConv2D(filters, kernelSize: 3, padding: .same, useBias: false, name: name)(x))
    }

    /// Two separable convolutions and a pool, beside a convolution with strides.
    private static func shrinkingBlock(
        _ x: SymbolicTensor, _ filters: [Int], _ name: String, beginsWithActivation: Bool
    ) -> SymbolicTensor {
        let residual = BatchNormalization()(
            Conv2D(filters[1], kernelSize: 1, strides: 2, padding: .same, useBias: false)(x))
        var y = x
        for (index, filters) in filters.enumerated() {
            let layer = "\(name)_sepconv\(index + 1)"
            if index > 0 || beginsWithActivation { y = Activation(.relu, name: layer + "_act")(y) }
            y = separable(y, filters, layer)
        }
        y = MaxPooling2D(3, strides: 2, padding: .same, name: name + "_pool")(y)
        return Add()(y, residual)
    }
}
