import CitiusLayers
import CitiusModels

/// Thirteen convolutions of 3×3 and three dense layers (Simonyan and Zisserman 2014, arXiv 1409.1556). Follows
/// `keras.applications.VGG16`.
public enum VGG16 {
    /// As ``ResNet50/model(includeTop:inputShape:pooling:classes:classifierActivation:name:seed:)``.
    public static func model(
        includeTop: Bool = true, inputShape: Shape? = nil, pooling: FeaturePooling? = nil,
        classes: Int = 1000, classifierActivation: ActivationFunction = .softmax, name: String = "vgg16",
        seed: UInt64? = nil
    ) -> Model {
        let application = Application(
            "VGG16", includeTop: includeTop, inputShape: inputShape, size: 224, leastSize: 32,
            pooling: pooling, classes: classes, classifierActivation: classifierActivation)
        var x = application.input.symbol
        for (index, (filters, layers)) in [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)].enumerated() {
            let block = "block\(index + 1)"
            for layer in 1...layers {
                x = Conv2D(
                    filters, kernelSize: 3, padding: .same, activation: .relu, name: "\(block)_conv\(layer)")(
                        x)
            }
            x = MaxPooling2D(2, strides: 2, name: block + "_pool")(x)
        }
        return application.model(x, name: name, seed: seed) { features in
            var x = Flatten(name: "flatten")(features)
            for name in ["fc1", "fc2"] { x = Dense(4096, activation: .relu, name: name)(x) }
            return application.classifier(x)
        }
    }

    /// Images of red, green and blue pixels from 0 to 255 as Keras's weights expect them: in the order blue, green and
    /// red, less ImageNet's means.
    public static func preprocessInput(_ images: Tensor) -> Tensor { Preprocessing.toCenteredBGR(images) }
}
