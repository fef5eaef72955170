import CitiusPlatform

/// Round numbers along an axis, and how they are written.
struct Ticks {
    /// Evenly spaced, within the range.
    let numbers: [Double]
    private let step: Double

    /// Of about `count` numbers from `low` to `high`; for whole numbers no others.
    init(from low: Double, to high: Double, count: Int, whole: Bool = false) {
        var step = Self.roundStep((high - low) / Double(max(1, count)))
        if whole { step = max(1, step.rounded()) }
        self.step = step
        let first = (low / step - 1e-9).rounded(.up)
        let last = (high / step + 1e-9).rounded(.down)
        numbers = first <= last ? (0...Int(min(1000, last - first))).map { (first + Double($0)) * step } : []
    }

    /// 1, 2 or 5 times a power of ten, at least as large.
    static func roundStep(_ step: Double) -> Double {
        guard step > 0, step.isFinite else { return 1 }
        let power = pow(10, floor(log10(step)))
        // Of the smallest numbers there are.
        guard power > 0 else { return 1 }
        let mantissa = step / power
        return (mantissa <= 1 + 1e-9 ? 1 : mantissa <= 2 + 1e-9 ? 2 : mantissa <= 5 + 1e-9 ? 5 : 10) * power
    }

    /// A range that holds these numbers, with some room; of equal ones around them.
    static func range(of numbers: [Double]) -> ClosedRange<Double> {
        guard let low = numbers.min(), let high = numbers.max() else { return 0...1 }
        guard high > low else {
            let room = low == 0 ? 1 : abs(low) * 0.1
            return low - room...low + room
        }
        let room = min((high - low) * 0.06, .greatestFiniteMagnitude / 4)
        return low - room...high + room
    }

    /// The number with as many digits as the step needs; in powers of ten where it would be long.
    func text(_ number: Double) -> String {
        let largest = numbers.reduce(0) { max($0, abs($1)) }
        if largest >= 1e6 || step < 1e-5 {
            return Formatting.string("%.3g", abs(number) < step / 2 ? 0 : number)
        }
        let decimals = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
        return Formatting.string("%.*f", decimals, abs(number) < step / 2 ? 0 : number)
    }
}

extension Double {
    /// Whether a curve can show it: differences of still larger numbers are infinite.
    var isDrawable: Bool { abs(self) < 1e300 }
}
