import CitiusAutograd
import CitiusConfiguration
import CitiusTensor

// Scale, fan and distribution that a paper chose. Keras gives each a class of its own.

/// A variance scaling of fixed scale, fan and distribution.
public protocol NamedVarianceScaling: InitializerKind {
    static var scale: Double { get }
    static var fan: Initializer.Fan { get }
    static var distribution: Initializer.Distribution { get }
    /// The axes whose sizes' product is the number of inputs, and that of outputs, where both are given.
    var inputAxes: [Int]? { get }
    var outputAxes: [Int]? { get }
}

extension NamedVarianceScaling {
    public static var module: String? { "keras.initializers" }

    public func callAsFunction(_ shape: Shape, dtype: DType, generator: inout RandomGenerator) -> Tensor {
        let scaling = Initializer.VarianceScaling(
            scale: Self.scale, fan: Self.fan, distribution: Self.distribution, inputAxes: inputAxes,
            outputAxes: outputAxes)
        return scaling(shape, dtype: dtype, generator: &generator)
    }
}

extension Initializer {
    /// Glorot and Bengio 2010 (proceedings.mlr.press/v9/glorot10a): variance 2 / (inputs + outputs).
    public struct GlorotUniform: NamedVarianceScaling {
        public static let scale = 1.0
        public static let fan = Fan.average
        public static let distribution = Distribution.uniform
        public var inputAxes: [Int]?
        public var outputAxes: [Int]?
        private var seed = Seed()

        public init() {}
    }

    /// Glorot and Bengio 2010 (proceedings.mlr.press/v9/glorot10a): variance 2 / (inputs + outputs).
    public struct GlorotNormal: NamedVarianceScaling {
        public static let scale = 1.0
        public static let fan = Fan.average
        public static let distribution = Distribution.truncatedNormal
        public var inputAxes: [Int]?
        public var outputAxes: [Int]?
        private var seed = Seed()

        public init() {}
    }

    /// He et al. 2015 (arXiv 1502.01852): variance 2 / inputs, for rectifiers.
    public struct HeUniform: NamedVarianceScaling {
        public static let scale = 2.0
        public static let fan = Fan.inputs
        public static let distribution = Distribution.uniform
        public var inputAxes: [Int]?
        public var outputAxes: [Int]?
        private var seed = Seed()

        public init() {}
    }

    /// He et al. 2015 (arXiv 1502.01852): variance 2 / inputs, for rectifiers.
    public struct HeNormal: NamedVarianceScaling {
        public static let scale = 2.0
        public static let fan = Fan.inputs
        public static let distribution = Distribution.truncatedNormal
        public var inputAxes: [Int]?
        public var outputAxes: [Int]?
        private var seed = Seed()

        public init() {}
    }

    /// LeCun et al. 1998, "Efficient BackProp": variance 1 / inputs.
    public struct LecunUniform: NamedVarianceScaling {
        public static let scale = 1.0
        public static let fan = Fan.inputs
        public static let distribution = Distribution.uniform
        public var inputAxes: [Int]?
        public var outputAxes: [Int]?
        private var seed = Seed()

        public init() {}
    }

    /// LeCun et al. 1998, "Efficient BackProp": variance 1 / inputs.
    public struct LecunNormal: NamedVarianceScaling {
        public static let scale = 1.0
        public static let fan = Fan.inputs
        public static let distribution = Distribution.truncatedNormal
        public var inputAxes: [Int]?
        public var outputAxes: [Int]?
        private var seed = Seed()

        public init() {}
    }

    /// Glorot and Bengio 2010 (proceedings.mlr.press/v9/glorot10a): variance 2 / (inputs + outputs).
    public static let glorotUniform = Initializer(GlorotUniform())
    /// Glorot and Bengio 2010 (proceedings.mlr.press/v9/glorot10a): variance 2 / (inputs + outputs).
    public static let glorotNormal = Initializer(GlorotNormal())
    /// He et al. 2015 (arXiv 1502.01852): variance 2 / inputs, for rectifiers.
    public static let heUniform = Initializer(HeUniform())
    /// He et al. 2015 (arXiv 1502.01852): variance 2 / inputs, for rectifiers.
    public static let heNormal = Initializer(HeNormal())
    /// LeCun et al. 1998, "Efficient BackProp": variance 1 / inputs.
    public static let lecunUniform = Initializer(LecunUniform())
    /// LeCun et al. 1998, "Efficient BackProp": variance 1 / inputs.
    public static let lecunNormal = Initializer(LecunNormal())
}

extension Initializer {
    /// The same for a kernel whose inputs and outputs lie along these axes: where its values depend on their number, and
    /// it does not state the axes itself.
    func withAxes(inputs: [Int], outputs: [Int]) -> Initializer {
        if let named = kind as? any NamedVarianceScaling, named.inputAxes == nil || named.outputAxes == nil {
            let type = type(of: named)
            return Initializer(
                VarianceScaling(
                    scale: type.scale, fan: type.fan, distribution: type.distribution, inputAxes: inputs,
                    outputAxes: outputs))
        }
        if let scaling = kind as? VarianceScaling, scaling.inputAxes == nil || scaling.outputAxes == nil {
            return Initializer(
                VarianceScaling(
                    scale: scaling.scale, fan: scaling.fan, distribution: scaling.distribution,
                    inputAxes: inputs, outputAxes: outputs))
        }
        return self
    }
}
