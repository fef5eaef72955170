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

    /// What the options ask for; nil for nothing.
    init?(_ options: OptimizerOptions) {
        if let norm = options.clipNorm {
            self = .norm(norm)
        } else if let value = options.clipValue {
            self = .value(value)
        } else if let globalNorm = options.globalClipNorm {
            self = .globalNorm(globalNorm)
        } else {
            return nil
        }
    }

    /// The bound of a gradient's elements.
    var limit: Double {
        if case .value(let limit) = self { limit } else { .infinity }
    }

    /// Whether it needs a gradient's norm.
    var isByNorm: Bool {
        if case .value = self { false } else { true }
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
