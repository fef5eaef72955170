import CitiusLayers
import CitiusModels

/// A network of modules that convolve at several scales beside each other (Szegedy and others 2015, arXiv 1512.00567).
/// Follows `keras.applications.InceptionV3`.
public enum InceptionV3 {
    /// As ``ResNet50/model(includeTop:inputShape:pooling:classes:classifierActivation:name:seed:)``, but for images of at
    /// least 75×75, by default [299, 299, 3].
    public static func model(
        includeTop: Bool = true, inputShape: Shape? = nil, pooling: FeaturePooling? = nil,
        classes: Int = 1000, classifierActivation: ActivationFunction = .softmax,
        name: String = "inception_v3", seed: UInt64? = nil
    ) -> Model {
        let application = Application(
            "InceptionV3", includeTop: includeTop, inputShape: inputShape, size: 299, leastSize: 75,
            pooling: pooling, classes: classes, classifierActivation: classifierActivation)
        var modules = InceptionModules()
        let x = modules.features(of: application.input)
        return application.model(
            x, name: name, seed: seed, poolNames: (includeTop ? "avg_pool" : nil, nil))
    }

    /// Images of pixels from 0 to 255 as Keras's weights expect them, from −1 to 1.
    public static func preprocessInput(_ images: Tensor) -> Tensor { Preprocessing.toUnitRange(images) }
}

/// Draws the network. Its layers are numbered as they are made, which is not their order in the graph.
private struct InceptionModules {
    private var counts: [String: Int] = [:]

    /// `conv2d`, `conv2d_1`, …
    private mutating func name(_ base: String) -> String {
        let count = counts[base, default: 0]
        counts[base] = count + 1
        return count == 0 ? base : "\(base)_\(count)"
    }

    /// A convolution, normalized, and what is above 0.
    private mutating func conv(
        _ x: SymbolicTensor, _ filters: Int, _ size: Size2D, strides: Int = 1, padding: Padding = .same
    ) -> SymbolicTensor {
        let convolution = Conv2D(
            filters, kernelSize: size, strides: strides, padding: padding, useBias: false,
            name: name("conv2d"))
        let normalization = BatchNormalization(axis: 3, scale: false, name: name("batch_normalization"))
        return Activation(.relu, name: name("activation"))(normalization(convolution(x)))
    }

    /// One convolution after the other.
    private mutating func chain(_ x: SymbolicTensor, _ steps: [(Int, Size2D)]) -> SymbolicTensor {
        steps.reduce(x) { conv($0, $1.0, $1.1) }
    }

    private mutating func maxPooled(_ x: SymbolicTensor) -> SymbolicTensor {
        MaxPooling2D(3, strides: 2, name: name("max_pooling2d"))(x)
    }

    private mutating func averagePooled(_ x: SymbolicTensor, _ filters: Int) -> SymbolicTensor {
        let pool = AveragePooling2D(3, strides: 1, padding: .same, name: name("average_pooling2d"))
        return conv(pool(x), filters, 1)
    }

    private func joined(_ branches: [SymbolicTensor], _ name: String) -> SymbolicTensor {
        Concatenate(axis: 3, name: name)(branches)
    }

    mutating func features(of input: Input) -> SymbolicTensor {
        let (row, column) = (Size2D(1, 7), Size2D(7, 1))
        var x = conv(input.symbol, 32, 3, strides: 2, padding: .valid)
        x = conv(x, 32, 3, padding: .valid)
        x = maxPooled(conv(x, 64, 3))
        x = conv(x, 80, 1, padding: .valid)
        x = maxPooled(conv(x, 192, 3, padding: .valid))

        // 35×35, for images of 299×299.
        for (number, pooled) in [32, 64, 64].enumerated() {
            x = joined(
                [
                    conv(x, 64, 1), chain(x, [(48, 1), (64, 5)]), chain(x, [(64, 1), (96, 3), (96, 3)]),
                    averagePooled(x, pooled),
                ], "mixed\(number)")
        }
        x = joined(
            [
                conv(x, 384, 3, strides: 2, padding: .valid),
                conv(chain(x, [(64, 1), (96, 3)]), 96, 3, strides: 2, padding: .valid), maxPooled(x),
            ], "mixed3")

        // 17×17
        for (number, width) in [128, 160, 160, 192].enumerated() {
            x = joined(
                [
                    conv(x, 192, 1), chain(x, [(width, 1), (width, row), (192, column)]),
                    chain(
                        x, [(width, 1), (width, column), (width, row), (width, column), (192, row)]),
                    averagePooled(x, 192),
                ], "mixed\(number + 4)")
        }
        x = joined(
            [
                conv(conv(x, 192, 1), 320, 3, strides: 2, padding: .valid),
                conv(chain(x, [(192, 1), (192, row), (192, column)]), 192, 3, strides: 2, padding: .valid),
                maxPooled(x),
            ], "mixed8")

        // 8×8
        for number in 0..<2 {
            let single = conv(x, 320, 1)
            let middle = conv(x, 384, 1)
            let split = joined(
                [conv(middle, 384, Size2D(1, 3)), conv(middle, 384, Size2D(3, 1))], "mixed9_\(number)")
            let deep = chain(x, [(448, 1), (384, 3)])
            let deepSplit = joined(
                [conv(deep, 384, Size2D(1, 3)), conv(deep, 384, Size2D(3, 1))], name("concatenate"))
            x = joined([single, split, deepSplit, averagePooled(x, 192)], "mixed\(number + 9)")
        }
        return x
    }
}
