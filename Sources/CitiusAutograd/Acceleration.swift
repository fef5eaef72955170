/// How a convolution of float32 is computed.
public enum ConvolutionMethod: Sendable, Hashable {
    /// The fastest way that fits. 3×3 windows go through Winograd's F(2×2, 3×3), which rounds a little otherwise
    /// (see Docs/Numerics.md).
    case automatic
    /// As `automatic`, without Winograd.
    case direct
    /// im2col and the BLAS: the oracle of the others.
    case general
    /// As the definition is written: nested loops, one multiplication after the other, without blocks that keep long
    /// sums exact. To compare with.
    case loops

    /// Whether `ConvolutionBlock` and its kin compute it.
    var isBlocked: Bool {
        switch self {
        case .automatic, .direct: true
        case .general, .loops: false
        }
    }
}

/// What of the library's means to be fast a model uses. All give the same results within float rounding.
public struct Acceleration: Sendable, Hashable {
    /// Whether layers that follow each other are computed in one pass where there is one for them: convolution,
    /// batch normalization, relu and max-pool.
    public var fusesLayers: Bool
    public var convolution: ConvolutionMethod
    /// Whether convolutions and dense layers leave out products with what relu, dropout or max-pool made 0, where that is
    /// faster.
    public var skipsZeros: Bool

    public init(
        fusesLayers: Bool = true, convolution: ConvolutionMethod = .automatic, skipsZeros: Bool = true
    ) {
        self.fusesLayers = fusesLayers
        self.convolution = convolution
        self.skipsZeros = skipsZeros
    }

    /// All of it.
    public static let full = Acceleration()
    /// Layer by layer, by the general kernels, over all products.
    public static let none = Acceleration(fusesLayers: false, convolution: .general, skipsZeros: false)
}
