import CitiusAutograd
import CitiusConfiguration
import CitiusTensor

/// eˣ/Σ eˣ along an axis or several. Follows `keras.layers.Softmax`.
///
/// Where the input's mask broadcasts to it from the last axis on, elements that do not count get probability 0 and no
/// part of the sum; so a mask of attention scores leaves out keys:
///
/// ```swift
/// scores.mask = isKey            // [batch, 1, 1, keys]
/// let weights = Softmax()(scores)
/// ```
///
/// A mask that does not broadcast, such as one of steps for [batch, steps, channels], changes nothing (Keras refuses
/// it).
///
/// # Shapes
/// [batch, …] → [batch, …]
public final class Softmax: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// Counted from the batch's, 0; negative ones from the end.
        public var axis = AxisList([-1])

        public var fault: String? { axis.numbers.isEmpty ? "it has no axis, expected one at least" : nil }
    }

    public static var module: String? { "keras.layers" }
    public let configuration: Configuration

    public convenience init(axis: Int = -1, name: String? = nil) {
        self.init(configuration: Configuration(axis: AxisList([axis])), name: name)
    }

    /// The softmax over all elements along several axes. Traps if there is none.
    public convenience init(axes: [Int], name: String? = nil) {
        self.init(configuration: Configuration(axis: AxisList(axes)), name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        self.configuration = Self.checked(configuration)
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        let rank = shapes[0].rank + 1
        let axes = configuration.axis.numbers
        if let axis = axes.first(where: { $0 >= rank || $0 < -rank }) {
            return "axis \(axis) is none of samples of shape \(shapes[0]), whose batch is axis 0"
        }
        return Set(axes.map { $0 < 0 ? $0 + rank : $0 }).count == axes.count
            ? nil : "axes \(axes) name one twice"
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable {
        let axes = configuration.axis.numbers
        guard let mask = input.mask, Self.broadcasts(mask.shape, to: input.shape) else {
            return softmax(input, axes)
        }
        let zero = Variable(Tensor(zeros: [], dtype: input.dtype))
        let masked = Variable.where(mask, input, zero - 1e9)
        // Where nothing counts, the softmax would be even.
        return Variable.where(mask, softmax(masked, axes), zero)
    }

    private func softmax(_ input: Variable, _ axes: [Int]) -> Variable {
        axes.count == 1
            ? input.softmax(axis: axes[0]) : (input - input.logSumExp(axes: axes, keepingAxes: true)).exp()
    }

    private static func broadcasts(_ mask: Shape, to shape: Shape) -> Bool {
        mask.rank <= shape.rank
            && zip(mask.sizes.reversed(), shape.sizes.reversed()).allSatisfy { $0 == 1 || $0 == $1 }
    }
}
