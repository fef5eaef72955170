import CitiusAutograd
import CitiusData
import CitiusLayers
import CitiusModels
import CitiusPlatform
import CitiusTensor

/// Draws orthogonal first weights and scales them, layer by layer, so that each layer gives numbers of variance 1 for a
/// batch of the data (LSUV: Mishkin and Matas 2015, arXiv 1511.06422).
///
/// ```swift
/// import Citius
/// import CitiusTechniques
///
/// try model.fit(train, epochs: 10, techniques: [.lsuv()])
/// ```
///
/// For layers with a kernel of a model that has a graph; the variance is that of the layer's output, behind an activation
/// of its own. The last such layer is left alone: probabilities have no variance 1.
public final class LayerSequentialInitialization: Technique {
    public let samples: Int
    public let tolerance: Double
    public let claims: Set<TechniqueClaim> = [.initialWeights]
    public let stage = TechniqueStage.optimization

    /// - Parameters:
    ///   - samples: of the data that the variance is taken over.
    ///   - tolerance: how far from 1 the variance may stay.
    ///
    /// Traps if a number is not positive. The training throws if the model has no graph.
    public init(samples: Int = 256, tolerance: Double = 0.05) {
        require(
            samples >= 1 && tolerance > 0,
            "LayerSequentialInitialization: \(samples) samples and tolerance \(tolerance), expected positive numbers"
        )
        (self.samples, self.tolerance) = (samples, tolerance)
    }

    public func prepare(_ training: Training) throws {
        let model = training.model
        guard model.hasGraph else {
            throw TechniqueError("it needs a model with a graph, such as a Sequential that is built")
        }
        let batch = training.data.prefix(samples)
        let layers = model.layers.filter { $0.kernel != nil }
        for layer in layers.dropLast() {
            guard let kernel = layer.kernel, !layer.name.isEmpty else { continue }
            kernel.value = Initializer.orthogonal()(
                kernel.shape, dtype: kernel.dtype, generator: &training.generator)
            let upTo = Model(inputs: model.inputs, outputs: [model.output(ofLayer: layer.name)])
            for _ in 0..<10 {
                let variance = try upTo.predict(batch, batchSize: 256).cast(to: .float64).variance().scalar
                guard variance > 1e-12, abs(variance - 1) > tolerance else { break }
                kernel.value = kernel.value / variance.squareRoot()
            }
        }
    }
}

extension Layer {
    /// The matrix, or the filters, that the layer multiplies by; nil if it has none, or shares its weights' making with
    /// others.
    fileprivate var kernel: Parameter? {
        guard sublayers.isEmpty else { return nil }
        return ownParameters.first { $0.name == "kernel" && $0.isTrainable && $0.shape.rank >= 2 }
    }
}

extension Technique where Self == LayerSequentialInitialization {
    /// First weights of unit variance, layer by layer; see `LayerSequentialInitialization`.
    public static func lsuv(samples: Int = 256, tolerance: Double = 0.05) -> LayerSequentialInitialization {
        LayerSequentialInitialization(samples: samples, tolerance: tolerance)
    }
}
