import CitiusLayers
import CitiusModels
import CitiusPlatform

/// What an application's features are pooled to, where it has no classifier.
public enum FeaturePooling: String, Sendable {
    /// The mean of each channel.
    case average = "avg"
    /// The largest value of each channel.
    case maximum = "max"
}

/// What the builders share: the input, and what comes behind the features.
struct Application {
    let includesTop: Bool
    let pooling: FeaturePooling?
    let classes: Int
    let classifierActivation: ActivationFunction
    let input: Input

    /// Traps if the shape is not [height, width, channels] of at least `leastSize` pixels a side, or if there are no
    /// classes.
    ///
    /// - Parameter application: what messages call it.
    init(
        _ application: String, includeTop: Bool, inputShape: Shape?, size: Int, leastSize: Int,
        pooling: FeaturePooling?, classes: Int, classifierActivation: ActivationFunction
    ) {
        let shape = inputShape ?? [size, size, 3]
        require(
            shape.rank == 3 && min(shape[0], shape[1]) >= leastSize && shape[2] > 0,
            "\(application): inputShape is \(shape), expected [height, width, channels] of at least "
                + "\(leastSize)×\(leastSize) pixels")
        require(classes > 0, "\(application): classes is \(classes), expected a positive number")
        includesTop = includeTop
        self.pooling = pooling
        self.classes = classes
        self.classifierActivation = classifierActivation
        input = Input(shape: shape, name: "input_layer")
    }

    /// The model, whose features are these.
    ///
    /// - Parameters:
    ///   - poolNames: of the layers that pool; nil where Keras gives them none.
    ///   - top: from the features to the classes; nil: by the mean of each channel and a dense layer.
    func model(
        _ features: SymbolicTensor, name: String, seed: UInt64?,
        poolNames: (average: String?, maximum: String?) = (nil, nil),
        kernelInitializer: Initializer = .glorotUniform, dropout: Double = 0,
        top: ((SymbolicTensor) -> SymbolicTensor)? = nil
    ) -> Model {
        let output: SymbolicTensor
        if includesTop, let top {
            output = top(features)
        } else if includesTop {
            var x = GlobalAveragePooling2D(name: poolNames.average)(features)
            if dropout > 0 { x = Dropout(dropout, name: "top_dropout")(x) }
            output = classifier(x, kernelInitializer: kernelInitializer)
        } else {
            switch pooling {
            case .average: output = GlobalAveragePooling2D(name: poolNames.average)(features)
            case .maximum: output = GlobalMaxPooling2D(name: poolNames.maximum)(features)
            case nil: output = features
            }
        }
        return Model(inputs: input, outputs: output, name: name, seed: seed)
    }

    func classifier(
        _ x: SymbolicTensor, kernelInitializer: Initializer = .glorotUniform
    ) -> SymbolicTensor {
        Dense(
            classes, activation: classifierActivation, kernelInitializer: kernelInitializer,
            name: "predictions")(x)
    }
}

/// How pixels from 0 to 255 become what a network was trained on.
enum Preprocessing {
    /// From −1 to 1.
    static func toUnitRange(_ images: Tensor) -> Tensor { reals(images) / 127.5 - 1 }

    /// Blue, green and red, less ImageNet's means.
    static func toCenteredBGR(_ images: Tensor) -> Tensor {
        require(
            images.rank >= 1 && images.shape[-1] == 3,
            "preprocessInput: images are \(images.shape), expected 3 channels, red, green and blue")
        let means = Tensor([103.939, 116.779, 123.68] as [Float])
        let real = reals(images)
        return real.flipped(axes: [real.rank - 1]) - means.cast(to: real.dtype)
    }

    static func reals(_ images: Tensor) -> Tensor {
        images.dtype.isFloatingPoint ? images : images.cast(to: .float32)
    }
}

/// The margins that make a convolution with strides of 2 begin where TensorFlow's `same` padding has it.
func paddingForStrides(_ x: SymbolicTensor, kernelSize: Int, name: String) -> SymbolicTensor {
    let half = kernelSize / 2
    let (top, left) = (half - 1 + x.shape[0] % 2, half - 1 + x.shape[1] % 2)
    return ZeroPadding2D(top: top, bottom: half, left: left, right: half, name: name)(x)
}

/// A number of channels times a factor, as the next multiple of 8 that is not below nine tenths of it.
func roundedChannels(_ channels: Double) -> Int {
    let rounded = max(8, Int(channels + 4) / 8 * 8)
    return Double(rounded) < 0.9 * channels ? rounded + 8 : rounded
}
