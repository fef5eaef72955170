import CitiusKernels
import CitiusTensor

extension Variable {
    /// Elements of `a` where the condition holds and of `b` elsewhere, broadcasting.
    ///
    /// Pullback: each element's gradient goes to the operand that was chosen; the other's is zero, whatever
    /// its value (a NaN there does no harm).
    public static func `where`(_ condition: Tensor, _ a: Variable, _ b: Variable) -> Variable {
        let aShape = a.isTracked ? a.shape : nil
        let bShape = b.isTracked ? b.shape : nil
        return Variable(Tensor.where(condition, a.value, b.value), computedFrom: a, b) { w in
            let zero = Tensor(zeros: [], dtype: w.dtype)
            return [
                aShape.map { Tensor.where(condition, w, zero).summed(to: $0) },
                bShape.map { Tensor.where(condition, zero, w).summed(to: $0) },
            ]
        }
    }

    /// The larger of two elements, broadcasting. Pullback: to the larger; half to each where they are equal.
    public func maximum(_ other: Variable) -> Variable {
        Variable.chosen(self, other, value: value.maximum(other.value)) { $0 .> $1 }
    }

    /// The smaller of two elements, broadcasting. Pullback: to the smaller; half to each where they are
    /// equal.
    public func minimum(_ other: Variable) -> Variable {
        Variable.chosen(self, other, value: value.minimum(other.value)) { $0 .< $1 }
    }

    public func maximum(_ other: Tensor) -> Variable { maximum(Variable(other)) }
    public func minimum(_ other: Tensor) -> Variable { minimum(Variable(other)) }
    public func maximum(_ other: Double) -> Variable { maximum(value.scalar(other)) }
    public func minimum(_ other: Double) -> Variable { minimum(value.scalar(other)) }

    private static func chosen(
        _ a: Variable, _ b: Variable, value: Tensor, wins: @escaping (Tensor, Tensor) -> Tensor
    ) -> Variable {
        Variable(value, computedFrom: a, b) { w in
            // 1 where a wins, 0 where b wins, 1/2 where neither does.
            let aWins = wins(a.value, b.value).cast(to: w.dtype)
            let bWins = wins(b.value, a.value).cast(to: w.dtype)
            let share = (aWins - bWins + 1) * 0.5
            return [
                a.isTracked ? (w * share).summed(to: a.shape) : nil,
                b.isTracked ? (w * (1 - share)).summed(to: b.shape) : nil,
            ]
        }
    }

    /// Each element moved into the range. Pullback: w where the element lies in the range (its ends
    /// included), zero outside.
    public func clamped(to range: ClosedRange<Double>) -> Variable {
        let x = value
        return computing(x.clamped(to: range)) { w in
            w.kept(where: (x .>= range.lowerBound) .& (x .<= range.upperBound))
        }
    }

    /// The absolute value of each element. Pullback: w ↦ w·sign x, zero at zero.
    public func abs() -> Variable {
        let x = value
        return computing(x.abs()) { $0 * x.sign() }
    }
}

extension Tensor {
    /// A number as a scalar of this tensor's dtype.
    func scalar(_ number: Double) -> Tensor { Tensor(number).cast(to: dtype) }

    /// The elements where the condition holds, zero elsewhere.
    func kept(where condition: Tensor) -> Tensor {
        Tensor.where(condition, self, Tensor(zeros: [], dtype: dtype))
    }
}
