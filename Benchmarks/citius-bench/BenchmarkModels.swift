import Citius

/// The models that are measured, on both sides: `peers/` defines them by the same names.
enum BenchmarkModels {
    static let names = ["document-cnn"]

    static func make(_ name: String, seed: UInt64) -> Sequential {
        switch name {
        case "document-cnn":
            return Sequential(seed: seed) {
                Input(28, 28, 1)
                Conv2D(32, kernelSize: 3)
                Activation(.relu)
                MaxPooling2D(2)
                Conv2D(64, kernelSize: 3)
                Activation(.relu)
                MaxPooling2D(2)
                Flatten()
                Dense(64, activation: .relu)
                Dropout(0.25)
                Dense(10, activation: .softmax)
            }
        default:
            fatalError("there is no benchmark model \(name)")
        }
    }
}
