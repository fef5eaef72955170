/// How a convolution of float32 is computed.
public enum ConvolutionMethod: Sendable, Hashable {
    /// The fastest way that fits. 3×3 windows go through Winograd's F(2×2, 3×3), which rounds a little otherwise
    /// (see Docs/Numerics.md).
    case automatic
    /// As `automatic`, without Winograd.
    case direct
    /// im2col and the BLAS: the oracle of the others.
    case general
}

/// What of the library's means to be fast a model uses. All give the same results within float rounding.
public struct Acceleration: Sendable, Hashable {
    /// Whether layers that follow each other are computed in one pass where there is one for them: convolution,
    /// batch normalization, relu and max-pool.
    public var fusesLayers: Bool
    public var convolution: ConvolutionMethod

    public init(fusesLayers: Bool = true, convolution: ConvolutionMethod = .automatic) {
        self.fusesLayers = fusesLayers
        self.convolution = convolution
    }

    /// All of it.
    public static let full = Acceleration()
    /// Layer by layer, by the general kernels.
    public static let none = Acceleration(fusesLayers: false, convolution: .general)
}
