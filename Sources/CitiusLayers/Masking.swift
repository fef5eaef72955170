import CitiusAutograd
import CitiusTensor

/// Masks the steps of which every element has one value, and sets them to 0. Follows `keras.layers.Masking`.
///
/// ```swift
/// Masking(maskValue: -1)    // steps of padding are -1 throughout
/// ```
///
/// # Shapes
/// [batch, steps, …, channels] → the same, with a mask of [batch, steps, …]
public final class Masking: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        public var maskValue = 0.0

        private enum CodingKeys: CodingKey { case maskValue }

        public init(maskValue: Double = 0) { self.maskValue = maskValue }

        /// Keras may write the value as an array of one element.
        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            if let number = try? container.decode(Double.self, forKey: .maskValue) {
                maskValue = number
                return
            }
            struct Envelope: Decodable {
                struct Value: Decodable { var value: Double }
                var config: Value
            }
            maskValue = try container.decode(Envelope.self, forKey: .maskValue).config.value
        }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public convenience init(maskValue: Double = 0, name: String? = nil) {
        self.init(configuration: Configuration(maskValue: maskValue), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        shapes[0].rank >= 1 ? nil : "samples are scalars, expected [.., channels]"
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let counts = (input.value .!= configuration.maskValue).any(axes: [-1], keepingAxes: true)
        var output = Variable.where(counts, input, Variable(Tensor(zeros: [], dtype: input.dtype)))
        output.mask = counts.squeezed(axis: -1)
        return output
    }
}
