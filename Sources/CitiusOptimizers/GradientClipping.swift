import CitiusKernels
import CitiusPlatform
import CitiusTensor

/// How gradients are kept from growing too large. An optimizer does at most one of these.
package enum GradientClipping {
    /// Each gradient g becomes g · c / max(‖g‖, c): no longer than c.
    case norm(Double)
    /// Each element is cut to −c … c.
    case value(Double)
    /// All gradients together, as one vector, become no longer than c.
    case globalNorm(Double)

    /// Traps if more than one is given, or one that is not positive.
    init?(norm: Double?, value: Double?, globalNorm: Double?, optimizer: String) {
        let given = [norm, value, globalNorm].compactMap { $0 }
        require(
            given.count <= 1,
            "\(optimizer): \(given.count) of clipNorm, clipValue and globalClipNorm are given, expected at most one"
        )
        require(
            given.allSatisfy { $0 > 0 },
            "\(optimizer): gradients are clipped at \(given.first ?? 0), expected a positive number")
        if let norm {
            self = .norm(norm)
        } else if let value {
            self = .value(value)
        } else if let globalNorm {
            self = .globalNorm(globalNorm)
        } else {
            return nil
        }
    }

    /// The bound of a gradient's elements.
    var limit: Double {
        if case .value(let limit) = self { limit } else { .infinity }
    }

    /// Calls `use` with the factor of each gradient, in order.
    func forEachScale(_ gradients: [Tensor], _ use: (Double) -> Void) {
        switch self {
        case .value:
            for _ in gradients { use(1) }
        case .norm(let bound):
            for gradient in gradients { use(bound / max(Self.squaredNorm(gradient).squareRoot(), bound)) }
        case .globalNorm(let bound):
            let norm = gradients.reduce(0) { $0 + Self.squaredNorm($1) }.squareRoot()
            // As in Keras, an infinite norm makes every gradient NaN, so that the failure is seen.
            let scale = norm.isFinite ? bound / max(norm, bound) : .nan
            for _ in gradients { use(scale) }
        }
    }

    private static func squaredNorm(_ gradient: Tensor) -> Double {
        func read<T: RealScalar>(_ type: T.Type) -> Double {
            gradient.withElements { (x: UnsafePointer<T>) in sumOfSquares(x, count: gradient.count) }
        }
        return read(gradient.dtype.realType(for: "clipping"))
    }
}
