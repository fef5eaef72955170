import CitiusKernels

/// What codes, whole numbers of 0 to 127, stand for: code c for (c − zeroPoint) · scale.
///
/// 127 and not 255: a byte up to 127 is the same number with a sign and without, and two products with signed bytes fit
/// into 16 bits, so that processors with and without dot products of bytes all add exactly. (PyTorch's x86 backend does
/// the same and calls it `reduce_range`.)
public struct QuantizationRange: Codable, Sendable, Hashable {
    /// The step from one code to the next.
    public var scale: Double
    /// The code of 0.
    public var zeroPoint: Int

    public init(scale: Double, zeroPoint: Int) {
        self.scale = scale
        self.zeroPoint = zeroPoint
    }

    /// The range in which these numbers lie, widened to hold 0, which padding is.
    ///
    /// Numbers that are all 0 get the range up to 1; infinite ones and those beyond 1e30 are cut to it.
    public init(from least: Double, to greatest: Double) {
        let lower = max(min(least, 0), -1e30)
        let upper = min(max(greatest, 0), 1e30)
        let width = upper - lower
        scale = width > 1e-28 ? width / Double(CodeRange.largest) : 1 / Double(CodeRange.largest)
        zeroPoint = width > 1e-28 ? Int((-lower / scale).rounded()) : 0
    }

    /// What is wrong with it, in words; nil if nothing is.
    var fault: String? { CodeRange.fault(scale: scale, zeroPoint: zeroPoint) }

    var codes: CodeRange { CodeRange(scale: scale, zeroPoint: zeroPoint) }
}

extension ActivationFunction {
    /// What keeps a layer of whole numbers from giving codes behind this function.
    func fault(givingCodes output: QuantizationRange?) -> String? {
        output == nil || clamp != nil
            ? nil : "activation \(name) is no clamp, expected one such as relu where the outputs are codes"
    }
}
