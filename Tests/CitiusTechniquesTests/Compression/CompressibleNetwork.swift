import Citius
import CitiusTestSupport
import Foundation

/// Networks that the tests of compression go over.
enum CompressibleNetwork: String, CaseIterable, Sendable {
    /// The document's, small.
    case document
    /// With normalizations, a depthwise convolution and padding.
    case normalized
    /// With shortcuts.
    case residual
    /// Dense layers on rows.
    case dense

    func make(seed: UInt64) -> Model {
        let model = network(seed: seed)
        // Statistics and biases as they begin would hide what is done with them.
        for (number, parameter) in model.parameters.enumerated() {
            if parameter.name.hasPrefix("moving_variance") || parameter.name == "gamma" {
                parameter.value = randomTensor(
                    parameter.shape, dtype: parameter.dtype, in: 0.5..<1.5, seed: UInt64(number))
            } else if parameter.shape.rank == 1 {
                parameter.value = randomTensor(
                    parameter.shape, dtype: parameter.dtype, in: -0.3..<0.3, seed: UInt64(number))
            }
        }
        return model
    }

    private func network(seed: UInt64) -> Model {
        switch self {
        case .document:
            return Sequential(seed: seed) {
                Input(14, 14, 1)
                Conv2D(16, kernelSize: 3)
                Activation(.relu)
                MaxPooling2D(2)
                Conv2D(24, kernelSize: 3)
                Activation(.relu)
                MaxPooling2D(2)
                Flatten()
                Dense(32, activation: .relu)
                Dropout(0.25)
                Dense(10, activation: .softmax)
            }
        case .normalized:
            return Sequential(seed: seed) {
                Input(14, 14, 1)
                Conv2D(16, kernelSize: 3, padding: .same, useBias: false)
                BatchNormalization()
                Activation(.relu)
                DepthwiseConv2D(3, padding: .same, useBias: false)
                BatchNormalization()
                ReLU()
                Conv2D(32, kernelSize: 1, strides: 2)
                BatchNormalization(scale: false)
                Activation(.relu)
                GlobalAveragePooling2D()
                Dense(16)
                BatchNormalization()
                Activation(.tanh)
                Dense(10)
            }
        case .residual:
            let images = Input(14, 14, 1)
            let first = Conv2D(16, kernelSize: 3, padding: .same, activation: .relu)(images)
            var x = BatchNormalization()(Conv2D(16, kernelSize: 3, padding: .same, useBias: false)(first))
            x = Activation(.relu)(Add()(first, x))
            x = MaxPooling2D(2)(x)
            let wide = Conv2D(24, kernelSize: 3, padding: .same)(x)
            x = Activation(.relu)(Add()(wide, Conv2D(24, kernelSize: 1)(x)))
            return Model(
                inputs: images, outputs: Dense(10, activation: .softmax)(Flatten()(x)), seed: seed)
        case .dense:
            return Sequential(seed: seed) {
                Input(40)
                Dense(48, activation: .relu)
                BatchNormalization()
                Dense(40)
                BatchNormalization()
                Activation(.relu)
                Dense(10, activation: .softmax)
            }
        }
    }

    var samples: Tensor { samples(64, seed: 9) }

    func samples(_ count: Int, seed: UInt64) -> Tensor {
        randomTensor(
            self == .dense ? [count, 40] : [count, 14, 14, 1], dtype: .float32, in: -0.5..<1, seed: seed)
    }
}

func temporaryPath() -> String {
    FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).safetensors").path
}

/// The largest distance of two tensors' elements.
func distance(_ a: Tensor, _ b: Tensor) -> Double {
    zip(
        a.cast(to: .float64).elements(as: Double.self), b.cast(to: .float64).elements(as: Double.self)
    ).map { abs($0 - $1) }.max() ?? 0
}
