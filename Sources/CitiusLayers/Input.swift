import CitiusAutograd
import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// States the shape and the type of a model's samples, without the batch axis; passes them on as they are.
///
/// ```swift
/// Input(28, 28, 1)                // images of 28×28 pixels, 1 channel
/// Input(100, dtype: .int64)       // sequences of 100 indices
/// Input(nil, dtype: .int64)       // sequences of any length, the same within a batch
/// Input.text()                    // strings
/// ```
///
/// An axis of nil takes any size: a model is built for one of 64 there, which no parameter may depend on.
///
/// A model that begins with it is built at once; one without it is built by the first batch. Follows
/// `keras.Input`.
public final class Input: Layer, ConfigurableLayer {
    public struct Configuration: LayerConfiguration {
        /// Keras's: the shape with a null in place of the batch.
        public var batchShape: [Int?]
        /// What inputs are converted to; nil: the model's type, as also for real numbers.
        public var dtype: DType?
        /// Whether samples are strings: the last axis, which Keras's shape does not have, is their bytes.
        package var isText = false

        package init(batchShape: [Int?], dtype: DType?, isText: Bool = false) {
            (self.batchShape, self.dtype, self.isText) = (batchShape, dtype, isText)
        }

        private enum CodingKeys: CodingKey { case batchShape, dtype }

        public init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            batchShape = try container.decode([Int?].self, forKey: .batchShape)
            isText = (try? container.decode(String.self, forKey: .dtype)) == "string"
            if isText {
                batchShape.append(nil)
                dtype = .uint8
            } else {
                dtype = try container.decodeIfPresent(DType.self, forKey: .dtype)
            }
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(isText ? Array(batchShape.dropLast()) : batchShape, forKey: .batchShape)
            if isText {
                try container.encode("string", forKey: .dtype)
            } else {
                try container.encode(dtype, forKey: .dtype)
            }
        }

        public var fault: String? {
            let sizes = batchShape.dropFirst()
            let isPositive = sizes.allSatisfy { $0 ?? 1 > 0 }
            return batchShape.isEmpty || !isPositive || countOfElements(shape) == nil
                ? "sizes \(sizes.map { $0.map { "\($0)" } ?? "nil" }), expected positive ones" : nil
        }

        /// Of one sample, with what an open axis is taken to be while a model is built.
        fileprivate var shape: Shape { Shape(batchShape.dropFirst().map { max(0, $0 ?? 64) }) }
    }

    public static var className: String { "InputLayer" }
    public static var module: String? { "keras.layers" }
    public let configuration: Configuration
    /// Of one sample; 64 where an axis takes any size.
    public let shape: Shape

    /// The axes of a sample that take any size.
    package var openAxes: [Int] {
        configuration.batchShape.dropFirst().enumerated().filter { $0.element == nil }.map { $0.offset }
    }

    /// - Parameters:
    ///   - sizes: of one sample's axes; nil takes any.
    ///   - dtype: what inputs are converted to, an integer type for indices; by default the model's type.
    ///
    /// Traps if a size is not positive.
    public convenience init(_ sizes: Int?..., dtype: DType? = nil, name: String? = nil) {
        self.init(configuration: Configuration(batchShape: [nil] + sizes, dtype: dtype), name: name)
    }

    /// An input of samples of this shape. Traps if a size is not positive.
    public convenience init(shape: Shape, dtype: DType? = nil, name: String? = nil) {
        self.init(
            configuration: Configuration(batchShape: [nil] + shape.sizes.map { $0 }, dtype: dtype), name: name
        )
    }

    /// An input of strings, of any number of bytes: uint8 tensors as `Tensor(utf8:)` makes them.
    ///
    /// - Parameter sizes: how many strings a sample has, along each axis; by default one, without an axis of its own.
    ///
    /// Traps if a size is not positive. Follows `keras.Input(shape, dtype="string")`.
    public static func text(_ sizes: Int..., name: String? = nil) -> Input {
        Input(
            configuration: Configuration(batchShape: [nil] + sizes + [nil], dtype: .uint8, isText: true),
            name: name)
    }

    public init(configuration: Configuration, name: String? = nil) {
        // Real numbers are the model's, whichever they are.
        var configuration = Self.checked(configuration)
        if configuration.dtype?.isFloatingPoint == true { configuration.dtype = nil }
        self.configuration = configuration
        shape = configuration.shape
        super.init(name: name)
    }

    public override func fault(ofInputs shapes: [Shape]) -> String? {
        takes(shapes[0]) ? nil : "samples of shape \(shapes[0]), expected \(shapeDescription)"
    }

    /// Whether samples have this shape, whatever the size of open axes.
    package func takes(_ sample: Shape) -> Bool {
        sample.rank == shape.rank
            && zip(sample.sizes, configuration.batchShape.dropFirst()).allSatisfy {
                $1 == nil ? $0 > 0 : $0 == $1
            }
    }

    /// `[None, 28]`
    package var shapeDescription: String {
        "["
            + configuration.batchShape.dropFirst().map { $0.map { "\($0)" } ?? "None" }.joined(
                separator: ", ") + "]"
    }

    public override var supportsMasking: Bool { true }

    public override func forward(_ input: Variable, in context: Context) -> Variable { input }
}
